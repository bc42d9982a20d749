-- How many rows each table holds, kept by loads: rows that a damaged page loses are missed so.
INSERT OR REPLACE INTO meta SELECT 'sourceRows', count(*) FROM source
  UNION ALL SELECT 'nodeRows', count(*) FROM node
  UNION ALL SELECT 'linkRows', count(*) FROM link;
