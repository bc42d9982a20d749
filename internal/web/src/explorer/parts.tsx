/** @jsxImportSource preact */
// Small parts that every view is made of.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { Refused, session } from './api';
import { typeLabel } from './catalog';
import type { Found, Graph } from './graph';
import { words } from './words';

// go opens another view without loading the page anew, perhaps in place of this one.
export function go(to: string, instead = false) {
  dispatchEvent(new Event('leaving'));
  history[instead ? 'replaceState' : 'pushState'](null, '', to);
  dispatchEvent(new Event('went'));
}

export function Linked({ to, children, ...rest }: { to: string; children: ComponentChildren; class?: string }) {
  return (
    <a
      href={to}
      {...rest}
      onClick={event => {
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
          event.preventDefault();
          go(to);
        }
      }}
    >
      {children}
    </a>
  );
}

// Whether there is a playground to lead to.
export const playground = document.documentElement.dataset.playground === 'true';

// held says when something held. A single date would read as if it held on that day alone.
export function held(since: string | null, until: string | null): string {
  return since && until ? (since === until ? since : `${since}–${until}`) : words.held(since, until);
}

export const entityPage = (id: string) => `/e/${encodeURIComponent(id)}`;

// useAsk asks once for each set of inputs, and ends the question when they change or the view goes.
export function useAsk<T>(
  question: (signal: AbortSignal) => Promise<T>,
  inputs: unknown[],
): { answer: T | null; problem: Error | null; again: () => void } {
  const [turn, setTurn] = useState(0);
  const [got, set] = useState<{ key: unknown[]; answer: T | null; problem: Error | null }>({
    key: [],
    answer: null,
    problem: null,
  });
  const key = [...inputs, turn];
  useEffect(() => {
    const abort = new AbortController();
    question(abort.signal).then(
      answer => abort.signal.aborted || set({ key, answer, problem: null }),
      problem => abort.signal.aborted || set({ key, answer: null, problem }),
    );
    return () => abort.abort();
  }, key);
  // what was refused for want of a session is asked again once there is one
  const refused = got.problem instanceof Refused && got.problem.code === 'UNAUTHENTICATED';
  useEffect(() => {
    if (!refused) {
      return;
    }
    const changed = () => session.ended || setTurn(t => t + 1);
    addEventListener(session.changed, changed);
    return () => removeEventListener(session.changed, changed);
  }, [refused]);
  const current = key.length === got.key.length && key.every((k, i) => k === got.key[i]);
  return { answer: current ? got.answer : null, problem: current ? got.problem : null, again: () => setTurn(turn + 1) };
}

// useLast keeps an answer while the next is waited for: the page would jump.
export function useLast<T>(answer: T | null): T | null {
  const last = useRef(answer);
  last.current = answer ?? last.current;
  return last.current;
}

// useSettled returns a text once it has stood still for a while: what is asked for while somebody types.
export function useSettled(text: string, milliseconds: number): string {
  const [settled, set] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => set(text.trim()), milliseconds);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export function Problem({ problem, again }: { problem: Error; again?: () => void }) {
  return (
    <div role="alert" class="problem">
      <p>{problem.message}</p>
      {again &&
        !(
          problem instanceof Refused &&
          ['NOT_FOUND', 'BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'COST_LIMIT'].includes(problem.code)
        ) && (
          <button type="button" onClick={again}>
            {words.again}
          </button>
        )}
    </div>
  );
}

export function Badge({ graph, type }: { graph: Graph; type: string }) {
  return <span class={`badge type-${place(graph, type)}`}>{typeLabel(graph.catalog, type)}</span>;
}

// place is a type's place among the colours and shapes.
export function place(graph: Graph, type: string): number {
  const i = [...graph.catalog.types.keys()].indexOf(type);
  return i < 0 ? 7 : i % 8;
}

let boxes = 0;

// SearchBox finds entities (and sources) while somebody types: a combobox of the ARIA Authoring Practices.
export function SearchBox({
  graph,
  label,
  sources = false,
  value,
  onChoose,
  autofocus = false,
  main = false,
}: {
  graph: Graph;
  label: string;
  sources?: boolean;
  value?: Found | null;
  onChoose: (found: Found) => void;
  autofocus?: boolean;
  main?: boolean;
}) {
  const [id] = useState(() => `box-${++boxes}`);
  const [text, setText] = useState(value?.name ?? '');
  const asked = useSettled(text, 80);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [unchosen, setUnchosen] = useState(false); // a name was typed, and none was chosen
  // Keys may come quicker than the page is drawn: they go by this.
  const current = useRef(0);
  const move = (to: number) => {
    current.current = to;
    setAt(to);
  };
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    setText(value?.name ?? '');
    setUnchosen(false);
  }, [value?.id]);
  useEffect(() => {
    if (autofocus) {
      input.current?.focus();
    }
  }, [autofocus]);
  const { answer, problem } = useAsk(
    async signal => (asked && open ? { text: asked, found: await graph.search(asked, sources, signal) } : null),
    [graph, asked, open, sources],
  );
  const found = answer?.found ?? [];
  const shown = open && asked !== '';
  // Enter was pressed before the answer was there: the first is chosen when it comes.
  const entered = useRef(false);
  useLayoutEffect(() => {
    move(0);
    if (entered.current && answer) {
      choose(answer.found[0]);
    }
  }, [answer]);
  const choose = (f: Found | undefined) => {
    entered.current = false;
    if (!f) {
      return;
    }
    setOpen(false);
    setUnchosen(false);
    setText(value === undefined ? '' : f.name);
    onChoose(f);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      move(found.length ? (current.current + step + found.length) % found.length : 0);
    } else if (event.key === 'Enter' && shown) {
      event.preventDefault();
      if (answer?.text === text.trim()) {
        choose(found[current.current]);
      } else {
        entered.current = true;
      }
    } else if (event.key === 'Tab' && value !== undefined && shown && answer?.text === text.trim()) {
      choose(found[current.current]); // a box that holds one takes what is lit in its list, and the focus goes on
    } else if (event.key === 'Escape') {
      setOpen(false);
    }
  };
  return (
    <div class={main ? 'search main' : 'search'}>
      <label for={id}>{label}</label>
      <input
        ref={input}
        id={id}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        placeholder={sources ? words.search.placeholder : undefined}
        aria-expanded={shown && found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && found[at] ? `${id}-${at}` : undefined}
        value={text}
        data-search={main || undefined}
        onInput={event => {
          entered.current = false;
          setUnchosen(false);
          setText(event.currentTarget.value);
          setOpen(true);
        }}
        onKeyDown={keys}
        onBlur={() => {
          setOpen(false);
          if (value) {
            setText(value.name); // what was typed beside it and not chosen means nothing
          } else if (!main && !entered.current) {
            setUnchosen(text.trim() !== '');
          }
        }}
      />
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={label}
        aria-busy={answer?.text !== text.trim()}
        hidden={!shown || found.length === 0}
      >
        {found.map((f, i) => (
          // pressing must not take the focus from the box, which would close the list before the click
          <li
            key={f.id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            onMouseDown={e => e.preventDefault()}
            onClick={() => choose(f)}
          >
            <span class="name">{f.name}</span> <Badge graph={graph} type={f.type} />
            {f.description && <span class="quiet">{f.description}</span>}
          </li>
        ))}
      </ul>
      <p role="status" class={unchosen || (shown && (problem || (answer && found.length === 0))) ? 'said' : 'unseen'}>
        {!shown
          ? unchosen
            ? words.search.choose
            : ''
          : problem
            ? problem.message
            : !answer
              ? ''
              : found.length === 0
                ? words.search.none(answer.text)
                : words.search.found(found.length)}
      </p>
    </div>
  );
}

const keysKey = 'throughline:keys';

// Whether / and ? do something wherever the focus is. Who speaks to the computer may say them without meaning them (WCAG
// 2.1.4).
export function keysAnywhere(): boolean {
  try {
    return localStorage.getItem(keysKey) !== 'off';
  } catch {
    return true; // no storage
  }
}

export function setKeysAnywhere(on: boolean) {
  try {
    localStorage.setItem(keysKey, on ? 'on' : 'off');
  } catch {
    // then it is so until the page is left
  }
}

// isTyping reports whether an event of the keyboard stands in a field, where keys are text.
export function isTyping(event: KeyboardEvent): boolean {
  return (
    event.target instanceof HTMLElement &&
    event.target.matches('input:not([type=checkbox],[type=range]), textarea, select')
  );
}

// isSingle reports whether a key is pressed alone and not as text: of those that do something wherever the focus is, unless
// they are turned off, or the focus is in a picture or its lines.
export function isSingle(event: KeyboardEvent, anywhere = false): boolean {
  const near = event.target instanceof Element && event.target.closest('.canvas, .found') !== null;
  return !isTyping(event) && !event.ctrlKey && !event.metaKey && !event.altKey && (!anywhere || near || keysAnywhere());
}

// save hands a file to the browser.
export function save(name: string, type: string, content: BlobPart) {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([content], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

// Options are those of a select, each a value and its words.
export function Options({ of }: { of: (readonly [string | number, string])[] }) {
  return (
    <>
      {of.map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </>
  );
}

// copied puts a text into the clipboard, and returns what to say: where that is not to be, the text itself.
export async function copied(text: string, said: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return said;
  } catch {
    return `${words.canvas.byHand} ${text}`;
  }
}
