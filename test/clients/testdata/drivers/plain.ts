// What the guide for front ends does without a client.
import assert from "node:assert/strict";
import { askAgain } from "../src/caching";
import { costOf } from "../src/cost";
import { codeOf } from "../src/errors";
import { ask } from "../src/fetch";
import { pieces } from "../src/highlight";
import { names } from "../src/pages";
import { run, url } from "./run";

async function collect(list: AsyncIterable<string>): Promise<string[]> {
  const out: string[] = [];
  for await (const item of list) out.push(item);
  return out;
}

run(async () => {
  const all = await collect(names(url));
  const { people } = await ask<{ people: { totalCount: number } }>(url, "{ people { totalCount } }");
  assert.ok(people.totalCount > 2);
  assert.equal(new Set(all).size, people.totalCount);

  assert.equal(await codeOf(url, "{ people { totalCount } }"), "");
  assert.equal(await codeOf(url, "{ people(first: 1000) { totalCount } }"), "BAD_USER_INPUT");
  assert.equal(await codeOf(url, "{ nothing }"), "GRAPHQL_VALIDATION_FAILED");

  const found = await ask<{ search: { edges: { highlights: { text: string; ranges: { start: number; end: number }[] }[] }[] } }>(
    url,
    `{ search(text: "mary kaldor", first: 1) { edges { highlights { text ranges { start end } } } } }`,
  );
  assert.deepEqual(pieces(found.search.edges[0]!.highlights[0]!).filter((_, i) => i % 2 === 1), ["Mary", "Kaldor"]);
  assert.deepEqual(pieces({ text: "😀 Ada 🎈", ranges: [{ start: 3, end: 6 }] }), ["😀 ", "Ada", " 🎈"]);
  const { cost, limit } = await costOf(url, "{ people(first: 10) { nodes { id } } }");
  assert.ok(cost > 10 && cost < 100 && limit === 10000);

  const query = "{ people { totalCount } }";
  const first = await askAgain(url, query);
  assert.deepEqual(first!.data, { people });
  assert.equal(await askAgain(url, query, first!.tag), null);
  assert.deepEqual((await askAgain(url, query, '"other"'))!.data, { people });
});
