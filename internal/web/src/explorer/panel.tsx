/** @jsxImportSource preact */
// Beside the picture: what is known of what is chosen, and what can be done with it.
import { useState } from 'preact/hooks';
import { kindLabel } from './catalog';
import { LinkWords, Pieces, Standing } from './evidence';
import { most, type Graph, type Link } from './graph';
import { Badge, Linked, Options, Problem, entityPage, useAsk, useSettled } from './parts';
import { linksOf } from './scene';
import type { Group, Picture, Selection } from './state';
import { words } from './words';

const w = words.canvas;

export interface PanelProps {
  graph: Graph;
  picture: Picture;
  selection: Selection;
  shown: Link[];
  group: Group | null;
  // Whether links that sources only deny are shown too.
  denied: boolean;
  // How many are shown at once when an entity is expanded, 0 for all.
  atOnce: number;
  onAtOnce: (n: number) => void;
  onExpand: (id: string, kind: string) => void;
  onCollapse: (id: string) => void;
  onHide: (ids: string[]) => void;
  onKeep: (ids: string[]) => void;
  onPin: (ids: string[], pinned: boolean) => void;
  onPick: (group: Group, ids: string[]) => void;
  onGroupEnd: () => void;
  onLine: (id: string) => void;
}

export function Panel(props: PanelProps) {
  const { graph, selection, group } = props;
  if (group) {
    return <Pick {...props} group={group} />;
  }
  if (!selection) {
    return null;
  }
  if ('entity' in selection) {
    return <Chosen {...props} id={selection.entity} />;
  }
  if ('entities' in selection) {
    return <ChosenTogether {...props} ids={selection.entities} />;
  }
  const links = selection.links.flatMap(id => graph.links.get(id) ?? []);
  return (
    <>
      {links.length > 1 && <p class="quiet">{words.evidence.parallel(links.length)}</p>}
      {links.map(link => (
        <LinkWords key={link.id} graph={graph} link={link} />
      ))}
    </>
  );
}

// Sentences are links in words, the first hundred.
function Sentences({ graph, links }: { graph: Graph; links: Link[] }) {
  return (
    <>
      <ul class="sentences">
        {links.slice(0, 100).map(l => (
          <li key={l.id}>
            <Words graph={graph} link={l} />
          </li>
        ))}
      </ul>
      {links.length > 100 && <p class="quiet">{w.rest(links.length - 100)}</p>}
    </>
  );
}

function HideAndPin({ picture, onHide, onPin, ids }: PanelProps & { ids: string[] }) {
  const pinned = ids.every(id => picture.pinned.includes(id));
  return (
    <>
      <button type="button" onClick={() => onHide(ids)}>
        {w.hide}
      </button>
      <button type="button" aria-pressed={pinned} onClick={() => onPin(ids, !pinned)}>
        {pinned ? w.unpin : w.pin}
      </button>
    </>
  );
}

function Chosen(props: PanelProps & { id: string }) {
  const { graph, id, picture, shown, denied, atOnce, onAtOnce, onExpand, onCollapse, onLine } = props;
  const entity = graph.entities.get(id);
  const { answer: kinds, problem, again } = useAsk(signal => graph.kinds(id, denied, signal), [graph, id, denied]);
  if (!entity) {
    return null;
  }
  const own = shown.filter(l => l.from.id === id || l.to.id === id);
  const joined = linksOf(graph, picture, denied).filter(l => l.from.id === id || l.to.id === id);
  const rest = (kinds ?? []).map(k => ({ ...k, hidden: k.count - joined.filter(l => l.kind === k.key).length }));
  const hidden = kinds ? rest.reduce((sum, k) => sum + k.hidden, 0) : entity.linkCount - joined.length;
  return (
    <section aria-label={entity.name}>
      <h3>
        <Linked to={entityPage(id)}>{entity.name}</Linked> <Badge graph={graph} type={entity.type} />
      </h3>
      {entity.description && <p>{entity.description}</p>}
      {hidden > 0 && <p class="quiet">{w.hidden(hidden)}</p>}
      {problem && <Problem problem={problem} again={again} />}
      {kinds && kinds.length > 0 && (
        <div role="group" aria-label={w.expand} class="menu">
          <button type="button" disabled={hidden <= 0} onClick={() => onExpand(id, '')}>
            {w.expand}: {w.expandAll}
          </button>
          {rest.map(k => (
            <button key={k.key} type="button" disabled={k.hidden <= 0} onClick={() => onExpand(id, k.key)}>
              {kindLabel(graph.catalog, k.key)} <span class="count">{words.number(k.count)}</span>
            </button>
          ))}
          <label>
            {w.atOnce}{' '}
            <select value={atOnce} onChange={event => onAtOnce(Number(event.currentTarget.value))}>
              <option value={0}>{w.everyOne}</option>
              <Options of={[5, 10, 25, 50].map(n => [n, String(n)])} />
            </select>
          </label>
          <span class="quiet">{atOnce > 0 ? w.mostSources(atOnce) : w.mostSourcesFirst(most)}</span>
        </div>
      )}
      <div class="menu">
        <button type="button" onClick={() => onCollapse(id)}>
          {w.collapse}
        </button>
        <HideAndPin {...props} ids={[id]} />
        <button type="button" onClick={() => onLine(id)}>
          {w.lineFrom}
        </button>
      </div>
      <Sentences graph={graph} links={own} />
    </section>
  );
}

// ChosenTogether is what is known of several entities: which they are, and the links among them.
function ChosenTogether(props: PanelProps & { ids: string[] }) {
  const { graph, ids, shown, onKeep } = props;
  const among = shown.filter(l => ids.includes(l.from.id) && ids.includes(l.to.id));
  return (
    <section aria-label={w.several(ids.length)}>
      <h3>{w.several(ids.length)}</h3>
      <p class="quiet">{w.among(among.length)}</p>
      <div class="menu">
        <button type="button" onClick={() => onKeep(ids)}>
          {w.keep}
        </button>
        <HideAndPin {...props} ids={ids} />
      </div>
      <ul class="pick">
        {ids.slice(0, 100).map(id => (
          <li key={id}>
            <Linked to={entityPage(id)}>{graph.entities.get(id)?.name}</Linked>{' '}
            <Badge graph={graph} type={graph.entities.get(id)?.type ?? ''} />
          </li>
        ))}
      </ul>
      {ids.length > 100 && <p class="quiet">{w.rest(ids.length - 100)}</p>}
      <Sentences graph={graph} links={among} />
    </section>
  );
}

// Words opens to what says so: a sentence, or what stands for it where the sentence would repeat what is there.
export function Words({ graph, link }: { graph: Graph; link: Link }) {
  const [open, setOpen] = useState(false);
  return (
    <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{link.sentence}</summary>
      {open && (
        <>
          <Standing link={link} />
          <Pieces graph={graph} link={link} />
        </>
      )}
    </details>
  );
}

// Pick is the list behind a group of many links: to be searched, and picked from.
function Pick({ graph, picture, group, denied, onPick, onGroupEnd }: PanelProps & { group: Group }) {
  const [text, setText] = useState('');
  const asked = useSettled(text, 120);
  const { answer, problem, again } = useAsk(
    signal => graph.neighbours(group.of, group.kind, denied, asked, signal),
    [graph, group.of, group.kind, denied, asked],
  );
  const name = graph.entities.get(group.of)?.name ?? group.of;
  return (
    <section>
      <h3>{w.pick(name, kindLabel(graph.catalog, group.kind))}</h3>
      <p class="quiet">{w.pickHint}</p>
      <label>
        {w.filter} <input type="search" value={text} onInput={event => setText(event.currentTarget.value)} />
      </label>
      {problem && <Problem problem={problem} again={again} />}
      <ul class="pick">
        {answer?.ids.map(id => (
          <li key={id}>
            <button type="button" disabled={picture.ids.includes(id)} onClick={() => onPick(group, [id])}>
              {w.add}
            </button>{' '}
            {graph.entities.get(id)?.name}
          </li>
        ))}
      </ul>
      {answer && answer.total > most && <p class="quiet">{w.pickRest(answer.total - answer.ids.length)}</p>}
      <button type="button" onClick={onGroupEnd}>
        {w.close}
      </button>
    </section>
  );
}
