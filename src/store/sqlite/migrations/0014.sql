-- States know older successes by buckets (3.5). Rows of before are read as they are; programs of before cannot read new ones.
SELECT 1;
