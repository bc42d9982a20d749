// What the guide for front ends does with a token, on a server that asks for one.
import assert from "node:assert/strict";
import { gql } from "@apollo/client";
import { codeOf } from "../src/errors";
import { ask, GraphQLError } from "../src/fetch";
import { apolloAs, as, whoIs } from "../src/token";
import { run, url } from "./run";

run(async () => {
  const token = process.argv[3]!;
  assert.deepEqual(await whoIs(url, token), { subject: "ann", role: "EDITOR" });
  const { data } = await apolloAs(url, token).query<{ people: { totalCount: number } }>({ query: gql`{ people { totalCount } }` });
  assert.ok(data!.people.totalCount > 2);

  assert.equal(await codeOf(url, "{ people { totalCount } }"), "UNAUTHENTICATED");
  await assert.rejects(whoIs(url, token.slice(0, -1)), (e) => e instanceof GraphQLError && e.code === "UNAUTHENTICATED");
  const remove = `mutation { delete(input: {id: "mary-kaldor"}) { deletedIds } }`;
  await assert.rejects(ask(url, remove, {}, as(token)), (e) => e instanceof GraphQLError && e.code === "FORBIDDEN" && e.extensions.requires === "CURATOR");
});
