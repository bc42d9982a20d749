import { useEffect, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { ExplainButton } from './explain-button';
import { makeFetcher } from './fetcher';
import { restoreFragment, watchLogin } from './fragment';
import { graphPlugin } from './graph-panel';
import { LinkButton } from './link-button';
import { readLink, type Linked } from './permalink';
import { storage } from './storage';
import { Colours, Editors, watchKeys } from './editors';
import { documentation, introspects } from './schema-panel';
import { firstTab, mod, tourPlugin } from './tour';
import { workers } from './workers';
// One by one, in place of graphiql/style.css: that has the editor's styles in it a second time, and fonts of 260 kB.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './playground.css';

(globalThis as { MonacoEnvironment?: unknown }).MonacoEnvironment = workers;

const plugins = [HISTORY_PLUGIN, tourPlugin, graphPlugin];

// Chooses the linked operation of a document that has several, once the editor knows them.
function ChooseOperation({ name }: { name: string }) {
  const operations = useGraphiQL(state => state.operations);
  const queryEditor = useGraphiQL(state => state.queryEditor);
  const { setOperationName } = useGraphiQLActions();
  const done = useRef(false);
  useEffect(() => {
    const operation = operations?.find(o => o.name?.value === name);
    if (done.current || !operation || !queryEditor) {
      return;
    }
    done.current = true;
    setOperationName(name);
    const position = operation.loc && queryEditor.getModel()?.getPositionAt(operation.loc.start);
    if (position) {
      queryEditor.setPosition(position); // Ctrl+Enter runs the operation at the cursor
      queryEditor.revealPositionInCenter(position);
    }
  }, [name, operations, queryEditor, setOperationName]);
  return null;
}

function Playground({ graphql, linked }: { graphql: string; linked: Linked | null }) {
  const opened = linked && { initialQuery: linked.query, initialVariables: linked.variables, initialHeaders: '' };
  const tabs = [linked ? { query: linked.query, variables: linked.variables } : firstTab];
  // who comes for the first time, and has room for it, is shown the tour
  const first = !linked && storage.getItem('graphiql:tabState') === null && matchMedia('(min-width: 1200px)').matches;
  return (
    <GraphiQL
      fetcher={makeFetcher(graphql)}
      storage={storage}
      plugins={plugins}
      referencePlugin={documentation}
      visiblePlugin={first ? tourPlugin : undefined}
      defaultTabs={tabs}
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility
      {...(!introspects && { schema: null })}
      {...opened}
    >
      <GraphiQL.Logo>
        <span className="logo">Throughline</span>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <LinkButton />
            <ExplainButton />
          </>
        )}
      </GraphiQL.Toolbar>
      <GraphiQL.Footer>
        <p className="keys">
          <kbd>{mod}+Enter</kbd> runs the query, <kbd>Esc</kbd> leaves an editor, <kbd>Enter</kbd> goes back into it.
        </p>
      </GraphiQL.Footer>
      <Editors />
      <Colours />
      {linked?.operationName && <ChooseOperation name={linked.operationName} />}
    </GraphiQL>
  );
}

restoreFragment();
watchLogin();
const url = new URL(window.location.href);
const linked = readLink(url);
if (linked) {
  // It is a tab from here on. Left in the address, it would come back at every reload beside what became of it.
  window.history.replaceState(null, '', url.pathname);
}
// A link followed while the playground is open changes only the fragment.
window.addEventListener('hashchange', () => {
  if (readLink(new URL(window.location.href))) {
    window.location.reload();
  }
});

watchKeys();
const root = document.getElementById('playground');
if (root) {
  createRoot(root).render(<Playground graphql={document.documentElement.dataset.graphql || '/graphql'} linked={linked} />);
}
