// Builds a schema from each of two files, one as introspection has it and one in the language of schemas, with GraphQL.js, and prints
// whether they say the same, and where they differ first.
import { readFileSync } from "node:fs";
import { buildClientSchema, buildSchema, lexicographicSortSchema, printSchema, specifiedDirectives } from "graphql";

const lines = (schema) => printSchema(lexicographicSortSchema(schema)).split("\n");
const introspected = buildClientSchema(JSON.parse(readFileSync(process.argv[2], "utf8")));
const written = lines(buildSchema(readFileSync(process.argv[3], "utf8")));
const read = lines(introspected);
const i = written.findIndex((line, i) => line !== read[i]);
console.log(JSON.stringify({ lines: written.length, same: i < 0 && read.length === written.length, read: read.slice(i, i + 5), written: written.slice(i, i + 5) }));
