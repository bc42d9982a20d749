// The rules of graphql-eslint that the schema passes: those it recommends for schemas and those for Relay, but for what stands
// here with its reason.
import graphql from "@graphql-eslint/eslint-plugin";

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "./schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      // a description is one line where it can be, and a block where it has several
      "@graphql-eslint/description-style": "off",
      // values (connections, edges, filters of statistics, reports) have no identity, and caches keep them where they stand
      "@graphql-eslint/strict-id-in-types": "off",
      // connections have `nodes` beside `edges`; what an edge leads to may be a value, such as an entry of a timeline
      "@graphql-eslint/relay-edge-types": ["error", { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }],
      // every connection is read both ways
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: true }],
    },
  },
];
