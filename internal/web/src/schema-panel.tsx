import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import type { GraphiQLProps } from 'graphiql';

// Whether the server tells its schema.
export const introspects = document.documentElement.dataset.introspection === 'true';

function NoSchema() {
  return (
    <section aria-label="Documentation" className="no-schema">
      <div className="graphiql-doc-explorer-title">No documentation here</div>
      <p>
        This server was started with <code>--no-introspection</code>: it does not tell its schema, and so this page has none. Queries are run and answered as
        ever. What needs a schema is missing: this documentation, completion, and marks at what is misspelled.
      </p>
      <p>
        Whoever runs the server can print the schema with <code>throughline schema</code>, or serve without that flag.
      </p>
    </section>
  );
}

// The documentation, or why there is none.
export const documentation: NonNullable<GraphiQLProps['plugins']>[number] = introspects
  ? DOC_EXPLORER_PLUGIN
  : { title: 'Documentation Explorer', icon: DOC_EXPLORER_PLUGIN.icon, content: NoSchema };
