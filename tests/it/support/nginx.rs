//! A real nginx with a site of its own.

use std::path::Path;

use super::process::{Process, tool};

/// Starts nginx with this site, the text of a `server` block, in a folder; it ends with what is answered.
pub(crate) fn start(folder: &Path, site: &str) -> Process {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
        .concat();
    // As the user of the test: as root it would look for another.
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    let whole = format!(
        "{user}daemon off;\npid {}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n",
        folder.display()
    );
    std::fs::write(folder.join("nginx.conf"), whole).unwrap();
    let mut nginx = tool("nginx");
    nginx.args(["-e", "stderr", "-c"]).arg(folder.join("nginx.conf"));
    Process::start("nginx", &mut nginx, folder)
}
