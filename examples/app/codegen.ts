import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["src/**/*.{ts,tsx}"],
  generates: {
    "src/gql/": {
      preset: "client",
      config: { scalars: { DateTime: "string", PartialDate: "string", URL: "string" }, strictScalars: true, useTypeImports: true },
    },
  },
};
export default config;
