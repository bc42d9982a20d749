/** @jsxImportSource preact */
// Draws an answer of GraphQL, for the playground: the same canvas as the explorer's.
import { render } from 'preact';
import { useMemo, useReducer } from 'preact/hooks';
import { inAnswer } from './answer';
import { Canvas } from './canvas';
import { spell } from './catalog';
import { Graph } from './graph';
import { entityPage } from './parts';
import { scene } from './scene';
import { chosen, initial, reduce } from './state';
import { words } from './words';

function Answer({ data }: { data: unknown }) {
  const found = useMemo(() => inAnswer(data), [data]);
  const graph = useMemo(() => {
    // types have their colours and shapes in the order in which they are met
    const types = new Map(
      [...new Set(found.entities.map(e => e.type))].map(key => [
        key,
        { key, name: '', label: spell(key), description: '', properties: [], timed: false, list: '' },
      ]),
    );
    const g = new Graph({ types, kinds: new Map() });
    g.keep(found.entities, found.links);
    return g;
  }, [found]);
  const [state, dispatch] = useReducer(reduce, {
    ...initial,
    size: 'same',
    denied: true,
    picture: { ...initial.picture, ids: found.entities.map(e => e.id) },
  });
  const shown = useMemo(() => scene(graph, state, null), [graph, state.picture.ids]);
  const { selection } = state;
  const own =
    selection === null
      ? []
      : shown.links.filter(l =>
          'links' in selection
            ? selection.links.includes(l.id)
            : chosen(selection).some(id => id === l.from.id || id === l.to.id),
        );
  if (found.entities.length === 0) {
    return <p>{words.answer.nothing}</p>;
  }
  return (
    <>
      <Canvas
        many={shown.edges.length > 400}
        scene={shown}
        at={state.picture.at}
        selection={selection}
        step={null}
        lasso={false}
        onSelect={s => dispatch({ do: 'select', selection: s })}
        onMoved={at => dispatch({ do: 'moved', at })}
        onExpand={() => undefined}
        onCollapse={() => undefined}
        onHide={id => dispatch({ do: 'hide', ids: [id] })}
        onLine={() => undefined}
        onRefining={() => undefined}
      />
      <div role="status">
        {selection === null && <p>{words.canvas.shown(shown.nodes.length, shown.links.length)}</p>}
        {selection && 'entity' in selection && (
          <p>
            <a href={entityPage(selection.entity)} target="_blank" rel="noreferrer">
              {graph.entities.get(selection.entity)?.name}
            </a>
          </p>
        )}
        <ul>
          {own.map(l => (
            <li key={l.id}>{l.sentence}</li>
          ))}
        </ul>
      </div>
    </>
  );
}

// draw shows the data of an answer in an element, in place of what is there, and returns what ends it.
export function draw(into: HTMLElement, data: unknown): () => void {
  render(<Answer key={Math.random()} data={data} />, into);
  return () => render(null, into);
}
