//! `create`, `update` and `delete`.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustix::rand::{GetRandomFlags, getrandom};

use super::command::Command;
use super::dialect::Dialect;
use super::fault::CommandFault;
use super::reply::ok;
use super::{periodicity, python, slug};
use crate::app::edit::{self, EditNotDone};
use crate::compat::door::DoorAnswer;
use crate::core::check::{Alias, Definition, Name, Source, Spec};
use crate::core::schedule::Schedule;
use crate::core::time::Span;
use crate::notify::is_mail_address;
use crate::store::command::CheckChange;
use crate::store::live::Check;
use crate::store::{EditError, NewCheck, SpecChange};

/// The longest name, in bytes: as long as a check's title may be.
pub(super) const MAX_NAME_BYTES: usize = 200;
/// The longest description, in bytes.
pub(super) const MAX_DESCRIPTION_BYTES: usize = 4096;
/// How many ids to try for a new canary. With thousands of canaries, one id in a hundred million is taken.
const ID_TRIES: usize = 8;

pub(super) async fn create(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    let Command { host, dialect, args, .. } = command;
    let dialect = *dialect;
    let title = name(args.required("name")?)?.to_owned();
    let periodicity = args.required("periodicity")?;
    let paused = args.flag("paused")?.unwrap_or(false);
    args.only(&["name", "periodicity", "description", "email", "paused"])?;
    let description = description(args.last("description").unwrap_or_default())?.to_owned();
    let emails = emails(&args.all("email"))?;
    let slug = slug::slug(&title);
    if let Some(other) = host.services().live.directory().by_slug(&dialect.origin(), &slug) {
        return Err(taken(dialect, &slug, Some(other)));
    }
    let mails = Mails::of(command)?;
    mails.admit(&emails)?;
    let plain = plain(command.schedule(periodicity).await?);
    let definition =
        Definition { title: title.into(), description: description.into(), emails: emails.into(), ..plain };
    mails.check(&definition)?;
    let new = NewCanary { definition, slug, paused };
    let id = new.make(command).await?;
    command.log_id(&id, "made");
    command.show(id).await
}

/// A check in the system's own words.
#[derive(Clone, Copy, Debug)]
pub(super) struct InWords<'a> {
    /// The name in that system.
    pub(super) name: &'a str,
    /// The period or schedule, in the interface's own syntax.
    pub(super) periodicity: &'a str,
    pub(super) description: &'a str,
    /// The addresses that get mail.
    pub(super) emails: &'a [&'a str],
}

/// The check that `create` would make of these words, or why not. The caller adds the id and the slug.
pub(super) fn definition_of(dialect: &Dialect, words: InWords<'_>) -> Result<Definition, String> {
    let read = || {
        let title = match name(words.name)? {
            "" => return Err(CommandFault::bad("it has no name")),
            title => title.into(),
        };
        let description = description(words.description)?.into();
        let emails = emails(words.emails)?;
        let schedule = periodicity::schedule(words.periodicity, dialect)?;
        Ok(Definition { title, description, emails: emails.into(), ..plain(schedule) })
    };
    read().map_err(|fault| fault.text(dialect.noun))
}

struct NewCanary {
    definition: Definition,
    slug: String,
    paused: bool,
}

impl NewCanary {
    /// Makes it under an id that nobody has, and answers that. The store finds the check's name.
    async fn make(self, command: &Command<'_>) -> Result<String, CommandFault> {
        for _ in 0..ID_TRIES {
            let id = random_id()?;
            let canary = Alias { origin: command.dialect.origin(), id: id.clone(), slug: self.slug.clone() };
            let definition = Definition { alias: Some(canary.into()), ..self.definition.clone() };
            let new = NewCheck { definition, paused: self.paused, past: None };
            match edit::create(command.host.services(), &command.actor(), new).await {
                Ok(_) => return Ok(id),
                Err(EditNotDone::Refused(EditError::BadId(_))) => {}
                Err(why) => return Err(refused(why, command, &self.slug)),
            }
        }
        Err(CommandFault::Unavailable)
    }
}

pub(super) async fn delete(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    command.args.only(&["id", "slug", "name"])?;
    let find = || Ok::<_, CommandFault>(command.find()?.check);
    let deleted = edit::delete(command.host.services(), &command.actor(), find).await?;
    command.log(&deleted.definition, "deleted");
    Ok(ok(&serde_json::json!({"status": "ok"})))
}

pub(super) async fn update(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    let Command { host, dialect, args, .. } = command;
    let dialect = *dialect;
    args.only(&["id", "slug", "name", "periodicity", "description", "email"])?;
    let id = command.find_without_name()?.id;
    let update = Update {
        title: args.last("name").map(name).transpose()?.map(str::to_owned),
        schedule: match args.last("periodicity") {
            Some(text) => Some(command.schedule(text).await?),
            None => None,
        },
        description: args.last("description").map(description).transpose()?.map(str::to_owned),
        emails: match args.all("email").as_slice() {
            [] => None,
            ["-"] if dialect.extras => Some(Vec::new()),
            list => Some(emails(list)?),
        },
        mails: Mails::of(command)?,
    };
    update.mails.admit(update.emails.as_deref().unwrap_or_default())?;
    let slug = update.title.as_deref().map(slug::slug);
    let services = host.services();
    let actor = command.actor();
    let found = || Ok(services.live.find_alias(&id).ok_or(CommandFault::NotFound)?);
    let described = edit::change(services, &actor, found, |check| {
        let change = update.of(&check);
        async { change }
    });
    described.await.map_err(|fault: UpdateFault| fault.told(command, slug.as_deref().unwrap_or_default()))?;
    command.log_id(&id, "changed");
    command.show(id).await
}

/// Limits what is mailed for a canary: its creator chooses the words, the addresses and the frequency.
#[derive(Clone, Copy)]
struct Mails {
    /// A mail server is configured.
    leave: bool,
    /// Its creator has shown a key.
    by_key: bool,
}

impl Mails {
    /// The shortest period of a canary that mails.
    const MIN_PERIOD: Span = Span::mins(1);

    fn of(command: &Command<'_>) -> Result<Mails, CommandFault> {
        let settings = command.host.settings(command.dialect.system).ok_or(CommandFault::NoSuchPath)?;
        Ok(Mails { leave: settings.mail, by_key: settings.needs_key })
    }

    /// Strangers must not be able to make us mail anybody.
    fn admit(self, emails: &[String]) -> Result<(), CommandFault> {
        if emails.is_empty() || self.by_key || !self.leave {
            return Ok(());
        }
        let why = "email is not taken without a key: whoever reaches this server could have it mail anybody; its \
                   configuration needs an `auth_key_file` in this section of `compat`";
        Err(CommandFault::bad(why))
    }

    fn check(self, definition: &Definition) -> Result<(), CommandFault> {
        let shortest = match &definition.spec.schedule {
            Schedule::Every(period) => *period,
            Schedule::Periods(periods) => periods.shortest(),
            Schedule::At(_) | Schedule::CountedAt(..) | Schedule::Counted(_) | Schedule::Unscheduled => {
                return Ok(());
            }
        };
        if !self.leave || definition.emails.is_empty() || shortest >= Mails::MIN_PERIOD {
            return Ok(());
        }
        Err(CommandFault::bad("with email, a period is at least 60 seconds: each lateness is a mail"))
    }
}

/// The values to change; `None`: unchanged.
struct Update {
    title: Option<String>,
    schedule: Option<Schedule>,
    description: Option<String>,
    emails: Option<Vec<String>>,
    mails: Mails,
}

/// Why a canary is not changed.
enum UpdateFault {
    /// What was asked for cannot be.
    Command(CommandFault),
    NotDone(EditNotDone),
}

impl From<EditNotDone> for UpdateFault {
    fn from(why: EditNotDone) -> UpdateFault {
        UpdateFault::NotDone(why)
    }
}

impl From<CommandFault> for UpdateFault {
    fn from(fault: CommandFault) -> UpdateFault {
        UpdateFault::Command(fault)
    }
}

impl UpdateFault {
    /// As it is answered; `slug` is the one that it was to have.
    fn told(self, command: &Command<'_>, slug: &str) -> CommandFault {
        match self {
            UpdateFault::Command(fault) => fault,
            UpdateFault::NotDone(why) => refused(why, command, slug),
        }
    }
}

impl Update {
    /// What the canary is now, and is to be.
    fn of(&self, before: &Check) -> Result<CheckChange, UpdateFault> {
        let (definition, how) = self.applied_to(before);
        if self.schedule.is_some() || self.emails.is_some() {
            self.mails.check(&definition)?;
        }
        if definition == *before.definition {
            return Err(CommandFault::exception("ValueError", "No updates specified").into());
        }
        Ok(CheckChange { check: before.id, before: before.definition.clone(), definition, how })
    }

    fn applied_to(&self, check: &Check) -> (Definition, SpecChange) {
        let mut definition = (*check.definition).clone();
        let mut how = SpecChange::Judged;
        if let Some(title) = self.title.as_ref().filter(|title| **title != *definition.title) {
            if let Some(canary) = &mut definition.alias {
                canary.slug = slug::slug(title);
            }
            definition.title = title.as_str().into();
        }
        if let Some(schedule) =
            self.schedule.as_ref().filter(|schedule| **schedule != definition.spec.schedule)
        {
            Arc::make_mut(&mut definition.spec).schedule.clone_from(schedule);
            how = SpecChange::Rearmed;
        }
        if let Some(description) = &self.description {
            definition.description = description.as_str().into();
        }
        let set = |emails: &[String]| emails.iter().cloned().collect::<BTreeSet<String>>();
        if let Some(emails) = self.emails.as_ref().filter(|emails| set(emails) != set(&definition.emails)) {
            definition.emails = emails.iter().cloned().collect();
        }
        (definition, how)
    }
}

impl Command<'_> {
    /// Parses a periodicity on a blocking thread, because a schedule takes a while.
    async fn schedule(&self, text: &str) -> Result<Schedule, CommandFault> {
        let (text, dialect) = (text.to_owned(), self.dialect);
        self.host.aside(self.visitor, move || periodicity::schedule(&text, dialect)).await?
    }
}

/// A check with only a schedule.
fn plain(schedule: Schedule) -> Definition {
    let name = Name::parse("new").expect("it is a name");
    Definition::new(name, Spec::new(schedule), Source::Api)
}

fn refused(why: EditNotDone, command: &Command<'_>, slug: &str) -> CommandFault {
    let Command { host, dialect, .. } = command;
    match why {
        EditNotDone::Refused(EditError::SlugTaken) => {
            let directory = host.services().live.directory();
            taken(dialect, slug, directory.by_slug(&dialect.origin(), slug))
        }
        other => other.into(),
    }
}

/// The slug belongs to another canary.
fn taken(dialect: &Dialect, slug: &str, other: Option<&Arc<Check>>) -> CommandFault {
    let id = other.and_then(|check| dialect.known(check)).map_or("", |(_, canary)| &canary.id);
    let text = format!("{} {slug} already exists with identifier {id}", dialect.noun);
    CommandFault::exception("AlreadyExistsError", &text)
}

fn name(text: &str) -> Result<&str, CommandFault> {
    if text.len() > MAX_NAME_BYTES {
        return Err(CommandFault::bad(format!(
            "a name has at most {MAX_NAME_BYTES} bytes, not {}",
            text.len()
        )));
    }
    if text.contains(char::is_control) {
        return Err(CommandFault::bad("a name is one line, without control characters"));
    }
    Ok(text)
}

fn description(text: &str) -> Result<&str, CommandFault> {
    match text.len() {
        0..=MAX_DESCRIPTION_BYTES => Ok(text),
        bytes => Err(CommandFault::bad(format!(
            "a description has at most {MAX_DESCRIPTION_BYTES} bytes, not {bytes}"
        ))),
    }
}

fn emails(texts: &[&str]) -> Result<Vec<String>, CommandFault> {
    const MAX: usize = Definition::MAX_EMAILS;
    if texts.len() > MAX {
        return Err(CommandFault::bad(format!("there are at most {MAX} addresses, not {}", texts.len())));
    }
    let address = |text: &&str| {
        if !is_mail_address(text) {
            return Err(CommandFault::bad(format!("{} is no mail address", python::repr(text))));
        }
        Ok((*text).to_owned())
    };
    texts.iter().map(address).collect()
}

fn random_id() -> Result<String, CommandFault> {
    // The largest multiple of 26 in a byte: larger values would favour the first letters.
    const FAIR: u8 = 234;
    let mut id = String::with_capacity(Alias::ID_LETTERS);
    let mut bytes = [0; 32];
    while id.len() < Alias::ID_LETTERS {
        getrandom(&mut bytes, GetRandomFlags::empty()).map_err(|_| CommandFault::Unavailable)?;
        let missing = Alias::ID_LETTERS - id.len();
        id.extend(
            bytes.iter().filter(|byte| **byte < FAIR).take(missing).map(|byte| char::from(b'a' + byte % 26)),
        );
    }
    Ok(id)
}
