import { isMacOs, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import type { GraphiQLProps } from 'graphiql';
import { tour, type TourQuery } from 'throughline:tour';

export const mod = isMacOs ? 'Cmd' : 'Ctrl';

// Whether the store holds what the tour's queries name.
const sample = document.documentElement.dataset.sample === 'true';

// Whether the server runs the documents that it lists and no others: then it would refuse the tour's queries.
const listed = document.documentElement.dataset.listed === 'true';

// On another graph only those make sense that name nothing. The one that shows what there is comes first.
const stops = listed ? [] : sample ? tour : tour.filter(stop => stop.anywhere).reverse();

const hint = listed
  ? ['This server runs the documents that it lists,', 'and refuses others: see the panel Tour.']
  : sample
    ? ['This begins a tour of the sample; the rest', 'is in the panel Tour, at the side.']
    : ['This graph is not the sample; queries that fit', 'any graph are in the panel Tour, at the side.'];

const welcome = `# Welcome to Throughline.
# ${hint[0]}
# ${hint[1]}
# ${mod}+Enter runs a query, ${mod}+click explains a
# field, Ctrl+Space completes it, Esc leaves here.
#
`;

// The tab for a browser that has none of its own yet.
export const firstTab = { query: welcome + (stops[0]?.document ?? ''), variables: stops[0]?.variables ?? '' };

function TourIcon() {
  return (
    <svg
      viewBox="0 0 20 20"
      height="1em"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d="M3.2 15.2 8 7l4.2 6L17 4.6" />
      <g fill="currentColor" stroke="none">
        <circle cx="3.2" cy="15.2" r="2.1" />
        <circle cx="8" cy="7" r="2.1" />
        <circle cx="12.2" cy="13" r="2.1" />
        <circle cx="17" cy="4.6" r="2.1" />
      </g>
    </svg>
  );
}

// The stops of the tour: one that was changed or closed is opened again from here.
function Tour() {
  const tabs = useGraphiQL(state => state.tabs);
  const queryEditor = useGraphiQL(state => state.queryEditor);
  const variableEditor = useGraphiQL(state => state.variableEditor);
  const { addTab, changeTab, setOperationName, updateActiveTabValues } = useGraphiQLActions();

  function open(stop: TourQuery) {
    const there = tabs.findIndex(tab => tab.query?.endsWith(stop.document));
    if (there >= 0) {
      changeTab(there);
      return;
    }
    addTab();
    queryEditor?.setValue(stop.document);
    variableEditor?.setValue(stop.variables);
    // The editors tell the tab a moment later, too late for whoever clicks on: the tab would keep the title of the one before.
    updateActiveTabValues({ query: stop.document, variables: stop.variables });
    setOperationName(/^query (\w+)/m.exec(stop.document)?.[1] ?? '');
  }

  return (
    <section aria-label="Tour" className="tour">
      <div className="graphiql-doc-explorer-title">{sample && !listed ? 'Tour of the sample' : 'Tour'}</div>
      {listed && (
        <p>
          This server was started with <code>--documents-only</code>: it runs the documents that{' '}
          <code>--documents</code> lists, to the letter, and refuses others. The tour&apos;s queries are not among them;
          a server without <code>--documents-only</code> runs them.
        </p>
      )}
      {!listed && !sample && (
        <p>
          This graph is not the sample, of which the tour asks for people by name. These queries name nothing, and
          answer on any graph.
        </p>
      )}
      <ol>
        {stops.map(stop => (
          <li key={stop.name}>
            <button type="button" onClick={() => open(stop)}>
              {stop.title}
            </button>
            <p>{stop.about}</p>
          </li>
        ))}
      </ol>
      <p className="tour-foot">
        This page is built from the work of others:{' '}
        <a href="/assets/THIRD_PARTY_NOTICES.txt" target="_blank" rel="noreferrer">
          notices
        </a>
        .
      </p>
    </section>
  );
}

export const tourPlugin: NonNullable<GraphiQLProps['plugins']>[number] = {
  title: 'Tour',
  icon: TourIcon,
  content: Tour,
};
