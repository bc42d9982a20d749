/** @jsxImportSource preact */
// A story: views in an order, each with a text. It stands in the address, or is being made in this tab.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Graph } from './graph';
import * as out from './out';
import { Linked, Problem, copied, useAsk } from './parts';
import { address, keepStory, present, story, unpackStory, type Page } from './permalink';
import { scene, type Measures } from './scene';
import { initial } from './state';
import { useTitle } from './views';
import { words } from './words';

const w = words.story;

// keyOf numbers views, so that one that moves in the order keeps its picture and does not have it asked for again.
const keys = new WeakMap<object, number>();
let lastKey = 0;
function keyOf(view: Page['view']): number {
  const key = keys.get(view) ?? ++lastKey;
  keys.set(view, key);
  return key;
}

export function Story({ graph }: { graph: Graph }) {
  useTitle(w.title);
  const given = location.hash !== '';
  const [pages, setPages] = useState<Page[] | null>(given ? null : story);
  const [editing, setEditing] = useState(!given);
  const [damaged, setDamaged] = useState(false);
  const [said, say] = useState('');
  useEffect(() => {
    if (given) {
      void unpackStory(location.hash).then(found => {
        setDamaged(found === null);
        setPages(found ?? []);
      });
    }
  }, []);
  if (pages === null) {
    return <p role="status">{words.loading}</p>;
  }
  const change = (changed: Page[]) => {
    keepStory(changed);
    setPages(changed);
  };
  const moved = (i: number, by: number) => {
    const changed = [...pages];
    changed.splice(i + by, 0, ...changed.splice(i, 1));
    change(changed);
  };
  return (
    <article class="story">
      <h1>{w.title}</h1>
      {damaged ? <p role="alert">{w.damaged}</p> : pages.length === 0 && <p>{w.empty}</p>}
      {pages.length > 0 && (
        <div class="tools" role="toolbar" aria-label={w.title}>
          {!editing && (
            <button
              type="button"
              onClick={() => {
                change(pages);
                setEditing(true);
              }}
            >
              {w.change}
            </button>
          )}
          <button
            type="button"
            onClick={async () => say(await copied(location.origin + (await address(pages)), words.canvas.shared))}
          >
            {w.share}
          </button>
          <button type="button" onClick={() => print()}>
            {w.print}
          </button>
        </div>
      )}
      <p role="status" class="said">
        {said}
      </p>
      <ol>
        {pages.map((page, i) => (
          <li key={keyOf(page.view)}>
            <Told graph={graph} page={page} title={w.view(i + 1, pages.length)}>
              {editing ? (
                <label>
                  <span class="screen">{w.caption}</span>
                  <textarea
                    rows={3}
                    value={page.caption}
                    onInput={event => {
                      const caption = event.currentTarget.value;
                      change(pages.map((p, k) => (k === i ? { ...p, caption } : p)));
                    }}
                  />
                </label>
              ) : (
                page.caption && <p class="caption">{page.caption}</p>
              )}
            </Told>
            {editing && (
              <div class="tools">
                <button type="button" disabled={i === 0} onClick={() => moved(i, -1)}>
                  {w.up}
                </button>
                <button type="button" disabled={i === pages.length - 1} onClick={() => moved(i, 1)}>
                  {w.down}
                </button>
                <button type="button" onClick={() => change(pages.filter((_, k) => k !== i))}>
                  {w.remove}
                </button>
              </div>
            )}
          </li>
        ))}
      </ol>
    </article>
  );
}

// Told is one view of a story: its picture as it stood, and its links in words.
function Told({
  graph,
  page,
  title,
  children,
}: {
  graph: Graph;
  page: Page;
  title: string;
  children: ComponentChildren;
}) {
  const { view } = page;
  const [to, setTo] = useState('/view');
  useEffect(() => void address(view).then(setTo), [view]);
  const { answer, problem, again } = useAsk(
    async signal => {
      const { view: now, gone } = await present(view, graph, signal);
      const measures: Measures = {
        community: view.colour === 'community' ? await graph.communities(now.picture.ids, signal) : null,
        centrality: view.size === 'centrality' ? await graph.centrality(now.picture.ids, signal) : null,
      };
      const shown = scene(graph, { ...initial, ...now }, null, measures);
      return { gone, near: now.near.length > 0, links: shown.links, svg: out.svg(graph, shown, now.picture.at) };
    },
    [graph, view],
  );
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
      {problem && <Problem problem={problem} again={again} />}
      {answer && (
        <>
          {answer.near && <p class="quiet">{words.canvas.near}</p>}
          {answer.gone > 0 && <p class="warning">{w.gone(answer.gone)}</p>}
          <figure role="img" aria-label={page.caption || title} dangerouslySetInnerHTML={{ __html: answer.svg }} />
          <details>
            <summary>{w.sentences(answer.links.length)}</summary>
            <ul>
              {answer.links.map(l => (
                <li key={l.id}>{l.sentence}</li>
              ))}
            </ul>
          </details>
        </>
      )}
      <p class="screen">
        <Linked to={to}>{w.open}</Linked>
      </p>
    </section>
  );
}
