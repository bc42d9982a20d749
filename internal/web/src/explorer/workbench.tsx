/** @jsxImportSource preact */
// Picture, table, time and evidence of one view, and what can be done with them.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { kindLabel } from './catalog';
import { Canvas, type CanvasHandle } from './canvas';
import { readStored } from './flat';
import { most, reach, type Graph, type Measured } from './graph';
import * as out from './out';
import { Panel } from './panel';
import {
  Badge,
  Linked,
  Options,
  Problem,
  copied,
  go,
  isSingle,
  isTyping,
  keysAnywhere,
  playground,
  save,
  setKeysAnywhere,
} from './parts';
import { address, holdsView, keepStory, keepView, kept, linked, present, story, unpack, whose } from './permalink';
import { limit, linksOf, scene, type Measures } from './scene';
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
  only?: string[];
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

let benches = 0;

// Workbench shows a view: the one in the address, if there is one, and otherwise what it is given. What is near what was
// asked for, and not that, is dashed. Of a picture of lines, one may be lit, and of it a step; query asks for them. What is beside
// the picture while nothing is chosen in it is lead.
export function Workbench({
  graph,
  opening,
  near = false,
  lit = null,
  step = null,
  query = null,
  lead,
}: {
  graph: Graph;
  opening: Opening;
  near?: boolean;
  lit?: Set<string> | null;
  step?: string | null;
  query?: out.Query | null;
  lead?: ComponentChildren;
}) {
  const [state, dispatch] = useReducer(reduce, initial);
  const [known, setKnown] = useState(0); // grows when more links were read
  const [tab, setTab] = useState<'picture' | 'table'>('picture');
  const [group, setGroup] = useState<Group | null>(null);
  const [atOnce, setAtOnce] = useState(0); // how many an entity is expanded by; 0 for all
  const [problem, setProblem] = useState<Error | null>(null);
  const [said, say] = useState('');
  const [lasso, setLasso] = useState(false);
  const [refining, setRefining] = useState(false);
  const wanted = useRef(false); // somebody asked for refining, and is told when it is done
  const [told, setTold] = useState(() => story().length);
  const [damaged, setDamaged] = useState(false); // the address should hold a view, and does not
  const [measures, setMeasures] = useState<Measures>({});
  const entry = useRef(''); // the address whose picture this is, once it is there
  const canvas = useRef<CanvasHandle>(null);
  const keysDialog = useRef<HTMLDialogElement>(null);
  const [anywhere, setAnywhere] = useState(keysAnywhere);
  // on a narrow window, what is wanted less often stands behind a button
  const [open, setOpen] = useState(false);
  const [rest] = useState(() => `rest-${++benches}`);
  const moreButton = useRef<HTMLButtonElement>(null);
  const escape = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && open) {
      setOpen(false);
      moreButton.current?.focus();
    }
  };
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
      const view = kept() ?? (await unpack(location.hash));
      if (gone) {
        return;
      }
      if (view) {
        const { picture, ...state } = (await present(view, graph)).view;
        if (!gone) {
          dispatch({ do: 'open', picture, state });
        }
      } else {
        setDamaged(opening === nothing || holdsView(location.hash));
        const { ids, at = {}, groups = [], only = null } = opening;
        dispatch({ do: 'open', picture: { ids, at, groups, only }, state: { near: near ? (only ?? []) : [] } });
      }
      setKnown(k => k + 1);
      entry.current = gone ? '' : whose();
    });
    setGroup(null);
    return () => {
      gone = true;
      entry.current = '';
    };
  }, [opening]);

  // what the picture has become is there again after a reload, and for who comes back to it
  useEffect(() => {
    const keep = () => entry.current === whose() && keepView(linked(state, graph));
    const timer = setTimeout(keep, 300); // a browser takes no more than some a second
    addEventListener('leaving', keep);
    return () => {
      clearTimeout(timer);
      removeEventListener('leaving', keep);
    };
  }, [state]);

  useEffect(() => {
    if (step) {
      dispatch({ do: 'select', selection: null });
    }
  }, [step]);

  // what is measured is asked for again when the picture has entities that were not found, and there may be more to read
  const { ids: pictured } = state.picture;
  const asks = (wanted: boolean, m: Measured | null | undefined) =>
    wanted && pictured.length > 0 && (!m || (!m.done && pictured.some(id => !m.of.has(id))));
  const [community, centrality] = [state.colour === 'community', state.size === 'centrality'];
  useEffect(() => {
    const abort = new AbortController();
    const measure = (name: keyof Measures, found: Promise<Measured>) =>
      attempt(async () => {
        try {
          const measured = await found;
          setMeasures(m => ({ ...m, [name]: measured }));
        } catch (reason) {
          if (!abort.signal.aborted) {
            throw reason;
          }
        }
      });
    if (asks(community, measures.community)) {
      void measure('community', graph.communities(pictured, abort.signal));
    }
    if (asks(centrality, measures.centrality)) {
      void measure('centrality', graph.centrality(pictured, abort.signal));
    }
    return () => abort.abort();
  }, [community, centrality, pictured]);

  const shown = useMemo(
    () => scene(graph, state, lit, measures),
    [
      graph,
      state.picture.ids,
      state.picture.groups,
      state.picture.only,
      state.picture.pinned,
      state.focus,
      state.time,
      state.without,
      state.denied,
      state.colour,
      state.size,
      state.near,
      lit,
      measures,
      known,
    ],
  );
  // what was said is of the picture before; what the canvas says of this one comes after it
  useLayoutEffect(() => say(''), [shown]);
  const all = useMemo(
    () => linksOf(graph, state.picture, state.denied),
    [graph, state.picture.ids, state.picture.only, state.denied, known],
  );

  const show = async (ids: string[]) => {
    const have = now.current.picture.ids;
    await graph.join([...new Set([...have, ...ids])], now.current.denied);
    setKnown(k => k + 1);
    dispatch({ do: 'show', ids });
  };
  const setDenied = (denied: boolean) =>
    attempt(async () => {
      if (denied) {
        await graph.join(now.current.picture.ids, true);
        setKnown(k => k + 1);
      }
      dispatch({ do: 'denied', denied });
    });
  const expand = (id: string, kind: string) =>
    attempt(async () => {
      const { denied } = now.current;
      if (!graph.entities.has(id)) {
        const of = now.current.picture.groups.find(g => groupId(g) === id);
        setGroup(of ?? null);
        return;
      }
      if (atOnce > 0) {
        await show(await graph.next(id, kind, denied, atOnce, now.current.picture.ids));
        return;
      }
      const kinds = (await graph.kinds(id, denied)).filter(k => !kind || k.key === kind);
      const total = kinds.reduce((sum, k) => sum + k.count, 0);
      if (total <= most) {
        await show((await graph.neighbours(id, kind, denied)).ids);
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
    if (gone.length > 0 || state.picture.groups.some(g => g.of === id)) {
      dispatch({ do: 'hide', ids: gone, groupsOf: id });
    }
  };
  const line = (id: string) => go(`/path?from=${encodeURIComponent(id)}`);

  // what moves comes to rest first: so redo brings it back
  const undo = (way: 'undo' | 'redo') => {
    canvas.current?.stop();
    say('');
    dispatch({ do: way });
  };
  const arrange = () => {
    dispatch({ do: 'mark' });
    canvas.current?.arrange();
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
      if (control && event.key.toLowerCase() === 'z' && !isTyping(event)) {
        undo(event.shiftKey ? 'redo' : 'undo');
      } else if (event.key === '?' && isSingle(event, true)) {
        keysDialog.current?.showModal();
      } else {
        return;
      }
      event.preventDefault();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);
  const pictureKeys = (event: KeyboardEvent) => {
    if (!isSingle(event) || !['+', '-', '0'].includes(event.key)) {
      return;
    }
    event.preventDefault();
    if (event.key === '0') {
      canvas.current?.fit();
    } else {
      canvas.current?.zoom(event.key === '+' ? 1.25 : 0.8);
    }
  };

  // where it stands beneath the picture, as on a phone, half of the screen is for what was tapped in that, or in the table
  const beside = useRef<HTMLElement>(null);
  const tapped = useRef(false);
  useLayoutEffect(() => {
    const top = beside.current?.getBoundingClientRect().top ?? 0;
    const beneath = (beside.current?.previousElementSibling?.getBoundingClientRect().bottom ?? top) <= top;
    if (tapped.current && beneath && top > innerHeight / 2) {
      scrollBy({ top: top - innerHeight / 2 });
    }
    tapped.current = false;
  }, [state.selection]);

  const ids = chosen(state.selection);
  const several = ids.length > 1;
  const places = async () => {
    await canvas.current?.settled();
    return canvas.current?.places() ?? state.picture.at;
  };
  const here = async () => linked({ ...state, picture: { ...state.picture, at: await places() } }, graph);
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
        if (several) {
          return (await out.png(out.svg(graph, saved, await places()))) ?? undefined;
        }
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
  const drawnEntities = shown.nodes.filter(n => n.entity);
  const asked = several ? ids : drawnEntities.map(n => n.id);
  // a picture of lines that has the same entities as at first is that of their question
  const same = opening.ids.length === pictured.length && opening.ids.every(id => pictured.includes(id));
  const untouched = same && !several && !state.focus && !state.time && state.without.length === 0 && !state.denied;
  const { query: text, variables } =
    query && untouched ? query : out.queryOf(graph, asked.length > 0 ? asked : pictured, state);
  const asQuery = `/playground#${new URLSearchParams({ query: text, variables: JSON.stringify(variables) })}`;
  const types = [...new Set(drawnEntities.flatMap(n => n.entity?.type ?? []))];
  const kinds = [
    ...new Set([...all.map(l => l.kind), ...state.picture.groups.map(g => g.kind), ...state.without]),
  ].sort();

  return (
    <div class="workbench">
      <div class="stage">
        <div class="tools" role="toolbar" aria-label={w.tools}>
          <span role="group" aria-label={w.twins}>
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
          {tab === 'picture' && (
            <button type="button" onClick={() => canvas.current?.fit()}>
              {w.fit}
            </button>
          )}
          <button
            ref={moreButton}
            type="button"
            class="opens"
            aria-expanded={open}
            aria-controls={rest}
            onClick={() => setOpen(!open)}
          >
            {w.more}
          </button>
          <span id={rest} class={open ? 'rest open' : 'rest'} onKeyDown={escape}>
            {tab === 'picture' && (
              <>
                <button type="button" onClick={() => canvas.current?.zoom(1.25)} aria-label={w.zoomIn}>
                  +
                </button>
                <button type="button" onClick={() => canvas.current?.zoom(0.8)} aria-label={w.zoomOut}>
                  −
                </button>
                <button type="button" title={w.hints.layout} onClick={arrange}>
                  {w.layout}
                </button>
                <button
                  type="button"
                  class="refine"
                  title={w.hints.refine}
                  aria-pressed={refining}
                  disabled={shown.nodes.length < 2}
                  onClick={refine}
                >
                  {w.refine}
                </button>
                <button type="button" title={w.hints.lasso} aria-pressed={lasso} onClick={() => setLasso(!lasso)}>
                  {w.lasso}
                </button>
              </>
            )}
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
          </span>
        </div>
        <details class={open ? 'tools more open' : 'tools more'}>
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
            <label>
              <input
                type="checkbox"
                checked={state.denied}
                onChange={event => void setDenied(event.currentTarget.checked)}
              />{' '}
              {w.denied}
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
                  <span class="count">{words.number(all.filter(l => l.kind === kind).length)}</span>
                </label>
              ))}
            </fieldset>
          )}
        </details>
        <p role="status" class="said">
          {said || (shown.grouped > 0 ? w.tooMany(shown.grouped) : w.shown(drawnEntities.length, shown.links.length))}
        </p>
        {problem && <Problem problem={problem} />}
        {damaged && <p role="alert">{w.damaged}</p>}
        <div class="view" hidden={tab !== 'picture'} onKeyDown={pictureKeys}>
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
              tapped.current = selection !== null;
              setGroup(of ?? null);
              dispatch({ do: 'select', selection });
            }}
            onMoved={(at, byHand) => dispatch({ do: 'moved', at, byHand })}
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
            onWords={id => {
              tapped.current = true;
              dispatch({ do: 'select', selection: { links: [id] } });
            }}
          />
        )}
        <ul class={state.colour === 'community' ? 'legend grey' : 'legend'} aria-label={w.legend}>
          {types.map(t => (
            <li key={t}>
              <Badge graph={graph} type={t} />
            </li>
          ))}
          {state.near.length > 0 && <li>{w.near}</li>}
          <li>{w.disputed}</li>
          <li>{shown.grouped > 0 ? w.typesThick : w.thick}</li>
          {shown.nodes.some(n => n.hidden > 0) && <li>{w.plus}</li>}
          {shown.nodes.some(n => n.group) && <li>{w.double}</li>}
          {community && <li>{w.communities}</li>}
          {community && drawnEntities.some(n => n.colour === 8) && (
            <li>{w.grey(measures.community?.all === false ? reach : null)}</li>
          )}
          {centrality && <li>{w.central}</li>}
          {centrality &&
            measures.centrality?.all === false &&
            drawnEntities.some(n => !measures.centrality?.of.has(n.id)) && <li>{w.smallest(reach)}</li>}
        </ul>
        <TimeBar graph={graph} links={all} time={state.time} onTime={time => dispatch({ do: 'time', time })} />
      </div>
      <aside ref={beside} class="panel" aria-label={words.evidence.title}>
        {!state.selection && !group && (lead ?? <p class="quiet screen">{words.evidence.hint}</p>)}
        <Panel
          graph={graph}
          picture={state.picture}
          selection={state.selection}
          shown={shown.links}
          group={group}
          denied={state.denied}
          atOnce={atOnce}
          onAtOnce={setAtOnce}
          onExpand={(id, kind) => void expand(id, kind)}
          onCollapse={collapse}
          onHide={ids => {
            canvas.current?.leave(ids);
            dispatch({ do: 'hide', ids });
          }}
          onKeep={ids => dispatch({ do: 'hide', ids: state.picture.ids.filter(id => !ids.includes(id)) })}
          onPin={(ids, pinned) => dispatch({ do: 'pin', ids, pinned })}
          onPick={(g, ids) => void attempt(() => show(ids).then(() => setGroup(g)))}
          onGroupEnd={() => {
            canvas.current?.focus(group ? groupId(group) : '');
            setGroup(null);
          }}
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
        <label>
          <input
            type="checkbox"
            checked={anywhere}
            onChange={event => {
              setKeysAnywhere(event.currentTarget.checked);
              setAnywhere(event.currentTarget.checked);
            }}
          />{' '}
          {w.keysAnywhere}
        </label>
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
    const kinds = await graph.kinds(id, false, signal);
    return { ids: [id], groups: kinds.map(k => ({ of: id, kind: k.key, count: k.count })) };
  }
  const ids = await graph.around(id, signal);
  return { ids: ids.slice(0, limit) };
}
