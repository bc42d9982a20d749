RETURN [[
COUNT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= ''
  RETURN 1 AS one }]] AS row
