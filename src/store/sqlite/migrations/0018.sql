-- States know their last results (22.8). Rows of before are read as they are; programs of before cannot read new ones.
SELECT 1;
