// Runs GraphQL Code Generator in a folder, with the codegen.ts there.
import { execFileSync } from "node:child_process";

execFileSync("npx", ["--no-install", "graphql-codegen", "--config", "codegen.ts"], { cwd: process.argv[2], stdio: ["ignore", "inherit", "inherit"] });
