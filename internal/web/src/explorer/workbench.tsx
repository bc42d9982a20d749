/** @jsxImportSource preact */
// Picture, table, time and evidence of one view, and what can be done with them.
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { kindLabel } from './catalog';
import { Canvas, type CanvasHandle } from './canvas';
import { readStored } from './flat';
import { most, type Graph } from './graph';
import * as out from './out';
import { Panel } from './panel';
import { Badge, Linked, Options, Problem, copied, go, place, playground, save } from './parts';
import { address, keepStory, linked, present, story, unpack } from './permalink';
import { limit, scene, type Measures } from './scene';
import { chosen, flipped, groupId, initial, reduce, type Group, type State } from './state';
import { Table } from './table';
import { TimeBar } from './timebar';
import { words } from './words';

const w = words.canvas;

// nothing is how a view begins that is only in the address.
export const nothing: Opening = { ids: [] };

// Opening is what a view begins with: entities, and where they stand when that says something.
export interface Opening {
  ids: string[];
  at?: Record<string, [number, number]>;
  groups?: Group[];
}

// formats are what a picture is saved as: the ending of the file, and its media type.
const formats = {
  PNG: ['png', 'image/png'],
  SVG: ['svg', 'image/svg+xml'],
  CSV: ['csv', 'text/csv'],
  GEXF: ['gexf', 'application/xml'],
  GraphML: ['graphml', 'application/xml'],
  JSONL: ['jsonl', 'application/x-ndjson'],
  Markdown: ['md', 'text/markdown'],
} as const;

type Format = keyof typeof formats;

// The mark of an event of the keyboard that stands in a field, where keys are text.
export function typing(event: KeyboardEvent): boolean {
  return (
    event.target instanceof HTMLElement &&
    event.target.matches('input:not([type=checkbox],[type=range]), textarea, select')
  );
}

// Workbench shows a view: the one in the address, if there is one, and otherwise what it is given. Of a picture of lines,
// one may be lit, and of it a step. What is beside the picture while nothing is chosen in it is lead.
export function Workbench({
  graph,
  opening,
  lit = null,
  step = null,
  lead,
}: {
  graph: Graph;
  opening: Opening;
  lit?: Set<string> | null;
  step?: string | null;
  lead?: ComponentChildren;
}) {
  const [state, dispatch] = useReducer(reduce, initial);
  const [known, setKnown] = useState(0); // grows when more links were read
  const [tab, setTab] = useState<'picture' | 'table'>('picture');
  const [group, setGroup] = useState<Group | null>(null);
  const [problem, setProblem] = useState<Error | null>(null);
  const [said, say] = useState('');
  const [lasso, setLasso] = useState(false);
  const [refining, setRefining] = useState(false);
  const wanted = useRef(false); // somebody asked for refining, and is told when it is done
  const [told, setTold] = useState(() => story().length);
  const [damaged, setDamaged] = useState(false); // the address should hold a view, and does not
  const [measures, setMeasures] = useState<Measures>({});
  const canvas = useRef<CanvasHandle>(null);
  const keysDialog = useRef<HTMLDialogElement>(null);
  const now = useRef(state);
  now.current = state;

  // attempt does something that asks the server, and shows what went wrong.
  const attempt = async (f: () => Promise<void>) => {
    setProblem(null);
    try {
      await f();
    } catch (reason) {
      setProblem(reason instanceof Error ? reason : new Error(String(reason)));
    }
  };

  useEffect(() => {
    let gone = false;
    void attempt(async () => {
      const view = await unpack(location.hash);
      if (gone) {
        return;
      }
      if (view) {
        const { picture, ...state } = (await present(view, graph)).view;
        await graph.join(picture.ids);
        if (!gone) {
          dispatch({ do: 'open', picture, state });
        }
      } else {
        setDamaged(opening === nothing);
        dispatch({ do: 'open', picture: { ids: opening.ids, at: opening.at ?? {}, groups: opening.groups ?? [] } });
      }
      setKnown(k => k + 1);
    });
    setGroup(null);
    return () => {
      gone = true;
    };
  }, [opening]);

  useEffect(() => {
    if (step) {
      dispatch({ do: 'select', selection: null });
    }
  }, [step]);

  useEffect(() => {
    if (state.colour === 'community' && !measures.community) {
      void attempt(async () => {
        const community = await graph.communities();
        setMeasures(m => ({ ...m, community }));
      });
    }
    if (state.size === 'centrality' && !measures.centrality) {
      void attempt(async () => {
        const centrality = await graph.centrality();
        setMeasures(m => ({ ...m, centrality }));
      });
    }
  }, [state.colour, state.size]);

  const shown = useMemo(
    () => scene(graph, state, lit, measures),
    [
      graph,
      state.picture.ids,
      state.picture.groups,
      state.picture.pinned,
      state.focus,
      state.time,
      state.without,
      state.colour,
      state.size,
      lit,
      measures,
      known,
    ],
  );
  const all = useMemo(() => graph.between(state.picture.ids), [graph, state.picture.ids, known]);

  const show = async (ids: string[]) => {
    const have = now.current.picture.ids;
    await graph.join([...new Set([...have, ...ids])]);
    setKnown(k => k + 1);
    dispatch({ do: 'show', ids });
  };
  const expand = (id: string, kind: string) =>
    attempt(async () => {
      if (!graph.entities.has(id)) {
        const of = now.current.picture.groups.find(g => groupId(g) === id);
        setGroup(of ?? null);
        return;
      }
      const kinds = (await graph.kinds(id)).filter(k => !kind || k.key === kind);
      const total = kinds.reduce((sum, k) => sum + k.count, 0);
      if (total <= most) {
        await show((await graph.neighbours(id, kind)).ids);
        return;
      }
      const groups = kinds.map(k => ({ of: id, kind: k.key, count: k.count }));
      dispatch({ do: 'group', groups });
      if (kind) {
        setGroup(groups[0] ?? null);
      }
    });
  // collapse hides what is linked to nothing but this entity.
  const collapse = (id: string) => {
    const others = new Map<string, Set<string>>();
    for (const l of all) {
      for (const [a, b] of [
        [l.from.id, l.to.id],
        [l.to.id, l.from.id],
      ] as const) {
        others.set(a, (others.get(a) ?? new Set()).add(b));
      }
    }
    const gone = [...(others.get(id) ?? [])].filter(
      n => n !== id && [...(others.get(n) ?? [])].every(o => o === id || o === n),
    );
    if (gone.length > 0) {
      dispatch({ do: 'hide', ids: gone });
    }
    for (const g of state.picture.groups.filter(g => g.of === id)) {
      dispatch({ do: 'ungroup', group: g });
    }
  };
  const line = (id: string) => go(`/path?from=${encodeURIComponent(id)}`);

  // what moves comes to rest first: so redo brings it back
  const undo = (way: 'undo' | 'redo') => {
    canvas.current?.stop();
    dispatch({ do: way });
  };
  const refine = () => {
    if (refining) {
      canvas.current?.stop();
      return;
    }
    dispatch({ do: 'mark' });
    wanted.current = true;
    canvas.current?.refine();
  };

  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      const control = event.ctrlKey || event.metaKey;
      if (control && event.key.toLowerCase() === 'z' && !typing(event)) {
        undo(event.shiftKey ? 'redo' : 'undo');
      } else if (control || event.altKey || typing(event)) {
        return;
      } else if (event.key === '?') {
        keysDialog.current?.showModal();
      } else if (event.key === '+' || event.key === '-') {
        canvas.current?.zoom(event.key === '+' ? 1.25 : 0.8);
      } else if (event.key === '0') {
        canvas.current?.fit();
      } else {
        return;
      }
      event.preventDefault();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);

  const ids = chosen(state.selection);
  const several = ids.length > 1;
  const places = async () => {
    await canvas.current?.settled();
    return canvas.current?.places() ?? state.picture.at;
  };
  const here = async () => linked({ ...state, picture: { ...state.picture, at: await places() } });
  const share = () => attempt(async () => say(await copied(location.origin + (await address(await here())), w.shared)));
  const tell = () =>
    attempt(async () => {
      const view = await here();
      const pages = [...story(), { view, caption: '' }];
      keepStory(pages);
      setTold(pages.length);
      say(w.told(pages.length));
    });
  // of several that are chosen, only those and the links among them are saved
  const part = () => {
    const picture = { ...state.picture, ids: state.picture.ids.filter(id => ids.includes(id)) };
    return scene(graph, { ...state, picture, focus: null }, null, measures);
  };
  const content = async (format: Format): Promise<BlobPart | undefined> => {
    const saved = several ? part() : shown;
    const stored = () => readStored(graph, saved);
    switch (format) {
      case 'PNG':
        await canvas.current?.settled();
        return canvas.current?.png();
      case 'SVG':
        return out.svg(graph, saved, await places());
      case 'CSV':
        return out.csv(graph, await stored());
      case 'GEXF':
        return out.gexf(graph, saved, await stored(), await places());
      case 'JSONL':
        return out.jsonl(graph, await stored());
      case 'GraphML':
        return out.graphml(graph, await stored());
      case 'Markdown':
        return out.markdown(await stored());
    }
  };
  const write = (format: Format) =>
    attempt(async () => {
      const [ending, type] = formats[format];
      const file = await content(format);
      if (file !== undefined) {
        save(`throughline.${ending}`, type, file);
      }
    });
  const asked = several ? ids : state.picture.ids;
  const asQuery = `/playground#${new URLSearchParams({
    query: out.queryOf(graph, asked),
    variables: JSON.stringify({ ids: asked.slice(0, 100) }),
  })}`;
  const types = [...new Set(shown.nodes.flatMap(n => n.entity?.type ?? []))];
  const kinds = [
    ...new Set([...all.map(l => l.kind), ...state.picture.groups.map(g => g.kind), ...state.without]),
  ].sort();

  return (
    <div class="workbench">
      <div class="stage">
        <div class="tools" role="toolbar" aria-label={w.label}>
          <span role="group" aria-label={w.label}>
            {(['picture', 'table'] as const).map(t => (
              <button key={t} type="button" aria-pressed={tab === t} onClick={() => setTab(t)}>
                {w[t]}
              </button>
            ))}
          </span>
          <button type="button" disabled={state.past.length === 0} onClick={() => undo('undo')}>
            {w.undo}
          </button>
          <button type="button" disabled={state.future.length === 0} onClick={() => undo('redo')}>
            {w.redo}
          </button>
          <button type="button" onClick={() => canvas.current?.zoom(1.25)} aria-label={w.zoomIn}>
            +
          </button>
          <button type="button" onClick={() => canvas.current?.zoom(0.8)} aria-label={w.zoomOut}>
            −
          </button>
          <button type="button" onClick={() => canvas.current?.fit()}>
            {w.fit}
          </button>
          <button type="button" onClick={() => dispatch({ do: 'arrange' })}>
            {w.layout}
          </button>
          <button
            type="button"
            class="refine"
            aria-pressed={refining}
            disabled={shown.nodes.length < 2}
            onClick={refine}
          >
            {w.refine}
          </button>
          <button type="button" aria-pressed={lasso} onClick={() => setLasso(!lasso)}>
            {w.lasso}
          </button>
          <select
            aria-label={w.find}
            value=""
            onChange={event => {
              const id = event.currentTarget.value;
              canvas.current?.find(id);
              dispatch({ do: 'select', selection: { entity: id } });
              event.currentTarget.value = '';
            }}
          >
            <option value="">{w.find}</option>
            <Options of={shown.nodes.flatMap(n => (n.entity ? [[n.id, n.entity.name] as const] : []))} />
          </select>
          <select
            aria-label={several ? w.exportChosen : w.export}
            value=""
            disabled={shown.nodes.length === 0}
            onChange={event => {
              const format = event.currentTarget.value as Format;
              event.currentTarget.value = '';
              void write(format);
            }}
          >
            <option value="">{several ? w.exportChosen : w.export}</option>
            <Options of={Object.keys(formats).map(f => [f, f])} />
          </select>
          <button type="button" onClick={share}>
            {w.share}
          </button>
          <button type="button" disabled={shown.nodes.length === 0} onClick={tell}>
            {w.tell}
          </button>
          {told > 0 && <Linked to="/story">{w.toStory(told)}</Linked>}
          <button type="button" aria-label={w.keysTitle} onClick={() => keysDialog.current?.showModal()}>
            ?
          </button>
        </div>
        <details class="tools more">
          <summary>{w.look}</summary>
          <div class="tools">
            <label>
              {w.focus}{' '}
              <select
                value={state.focus?.degrees ?? 0}
                disabled={ids.length !== 1 && !state.focus}
                onChange={event => {
                  const degrees = Number(event.currentTarget.value);
                  const id = several ? state.focus?.id : (ids[0] ?? state.focus?.id);
                  dispatch({ do: 'focus', focus: degrees && id ? { id, degrees } : null });
                }}
              >
                <option value={0}>{w.everything}</option>
                <Options of={[1, 2, 3, 4].map(n => [n, w.degrees(n)])} />
              </select>
            </label>
            <label>
              {w.colour}{' '}
              <select
                value={state.colour}
                onChange={event => dispatch({ do: 'look', colour: event.currentTarget.value as State['colour'] })}
              >
                <Options of={Object.entries(w.colours)} />
              </select>
            </label>
            <label>
              {w.size}{' '}
              <select
                value={state.size}
                onChange={event => dispatch({ do: 'look', size: event.currentTarget.value as State['size'] })}
              >
                <Options of={Object.entries(w.sizes)} />
              </select>
            </label>
            {playground && <a href={asQuery}>{w.query}</a>}
          </div>
          {kinds.length > 0 && (
            <fieldset class="kinds">
              <legend>{w.kinds}</legend>
              {kinds.map(kind => (
                <label key={kind}>
                  <input
                    type="checkbox"
                    checked={!state.without.includes(kind)}
                    onChange={() => dispatch({ do: 'without', kinds: flipped(state.without, kind) })}
                  />{' '}
                  {kindLabel(graph.catalog, kind)}{' '}
                  <span class="count">{all.filter(l => l.kind === kind).length.toLocaleString('en')}</span>
                </label>
              ))}
            </fieldset>
          )}
        </details>
        <p role="status" class="said">
          {said ||
            (shown.grouped > 0
              ? w.tooMany(shown.grouped)
              : w.shown(shown.nodes.filter(n => n.entity).length, shown.links.length))}
        </p>
        {problem && <Problem problem={problem} />}
        {damaged && <p role="alert">{w.damaged}</p>}
        <div class="view" hidden={tab !== 'picture'}>
          <Canvas
            key={shown.edges.length > 400 ? 'many' : 'few'}
            ref={canvas}
            many={shown.edges.length > 400}
            scene={shown}
            at={state.picture.at}
            selection={state.selection}
            step={step}
            lasso={lasso}
            onSelect={(selection, of) => {
              setGroup(of ?? null);
              dispatch({ do: 'select', selection });
            }}
            onMoved={at => dispatch({ do: 'moved', at })}
            onExpand={id => void expand(id, '')}
            onCollapse={collapse}
            onHide={id => dispatch({ do: 'hide', ids: [id] })}
            onLine={line}
            onRefining={state => {
              setRefining(state === 'under way');
              say(state === 'under way' ? w.refining : state === 'done' && wanted.current ? w.refined : '');
              if (state === 'failed') {
                setProblem(new Error(words.errors.offline));
              }
              wanted.current &&= state === 'under way';
            }}
          />
        </div>
        {tab === 'table' && (
          <Table
            graph={graph}
            links={shown.links}
            onWords={id => dispatch({ do: 'select', selection: { links: [id] } })}
          />
        )}
        <ul class="legend" aria-label={w.legend}>
          {types.map(t => (
            <li key={t} class={`key shape-${place(graph, t)}`}>
              <Badge graph={graph} type={t} />
            </li>
          ))}
          <li>{w.disputed}</li>
          <li>{w.thick}</li>
        </ul>
        <TimeBar graph={graph} links={all} time={state.time} onTime={time => dispatch({ do: 'time', time })} />
      </div>
      <aside class="panel" aria-label={words.evidence.title}>
        {!state.selection && !group && (lead ?? <p class="quiet">{words.evidence.hint}</p>)}
        <Panel
          graph={graph}
          picture={state.picture}
          selection={state.selection}
          shown={shown.links}
          group={group}
          onExpand={(id, kind) => void expand(id, kind)}
          onCollapse={collapse}
          onHide={ids => dispatch({ do: 'hide', ids })}
          onKeep={ids => dispatch({ do: 'hide', ids: state.picture.ids.filter(id => !ids.includes(id)) })}
          onPin={(ids, pinned) => dispatch({ do: 'pin', ids, pinned })}
          onPick={(g, ids) => void attempt(() => show(ids).then(() => setGroup(g)))}
          onGroupEnd={() => setGroup(null)}
          onLine={line}
        />
      </aside>
      <dialog ref={keysDialog} aria-label={w.keysTitle}>
        <h2>{w.keysTitle}</h2>
        <dl>
          {words.keys.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button type="submit">{w.close}</button>
        </form>
      </dialog>
    </div>
  );
}

// openingOf is how the picture of an entity begins: with what is nearest to it, or with groups when that is too much.
export async function openingOf(graph: Graph, id: string, signal?: AbortSignal): Promise<Opening> {
  await graph.read([id], signal);
  const entity = graph.entities.get(id);
  if (entity && entity.linkCount > most) {
    const kinds = await graph.kinds(id, signal);
    return { ids: [id], groups: kinds.map(k => ({ of: id, kind: k.key, count: k.count })) };
  }
  const ids = await graph.around(id, signal);
  return { ids: ids.slice(0, limit) };
}
