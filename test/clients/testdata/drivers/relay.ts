// Relay's runtime with what its compiler made of the schema.
import assert from "node:assert/strict";
import { createOperationDescriptor, fetchQuery, getRequest, getSingularSelector, type OperationType } from "relay-runtime";
import { environment } from "../relay/src/environment";
import { list, person, query } from "../relay/src/People";
import next from "../relay/src/__generated__/PeopleListQuery.graphql";
import refetch from "../relay/src/__generated__/PeoplePersonQuery.graphql";
import type { PeopleQuery } from "../relay/src/__generated__/PeopleQuery.graphql";
import type { People_list$data } from "../relay/src/__generated__/People_list.graphql";
import type { People_person$data } from "../relay/src/__generated__/People_person.graphql";
import { run, url } from "./run";

run(async () => {
  const env = environment(url);
  const shown = (variables: PeopleQuery["variables"]) => {
    const operation = createOperationDescriptor(getRequest(query), variables);
    env.retain(operation);
    const root = env.lookup(operation.fragment).data;
    return env.lookup(getSingularSelector(list as never, root as never)!).data as unknown as People_list$data;
  };
  const fetched = async (variables: PeopleQuery["variables"]) => {
    await fetchQuery<PeopleQuery>(env, query, variables).toPromise();
    return shown(variables).people!;
  };
  const all = await fetched({ first: 2 });
  const some = await fetched({ first: 2, name: "mary" });
  assert.equal(all.edges.length, 2);
  assert.ok(some.totalCount < all.totalCount, "a filter shows what was loaded without one");

  const { endCursor } = (all as unknown as { pageInfo: { endCursor: string } }).pageInfo;
  await fetchQuery<OperationType>(env, next, { first: 2, after: endCursor, name: null }).toPromise();
  const two = shown({ first: 2 }).people!;
  assert.equal(new Set(two.edges.map((e) => e.node.id)).size, 4);
  assert.deepEqual(shown({ first: 2, name: "mary" }).people!.edges, some.edges);

  const { id } = some.edges[0]!.node;
  await fetchQuery<OperationType>(env, refetch, { id }).toPromise();
  const selector = getSingularSelector(person as never, some.edges[0]!.node as never)!;
  assert.equal((env.lookup(selector).data as unknown as People_person$data).name, "Mary Kaldor");
});
