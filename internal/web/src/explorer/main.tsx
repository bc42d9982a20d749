/** @jsxImportSource preact */
// The explorer: the page a person meets first. It asks nothing but the public GraphQL of its server.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { restoreFragment, watchLogin } from '../fragment';
import { tellDamage } from './api';
import { loadCatalog } from './catalog';
import { Damaged } from './damaged';
import { Ended } from './ended';
import { keepFocus } from './focus';
import { Graph } from './graph';
import { Linked, SearchBox, isSingle, playground } from './parts';
import { holdsView } from './permalink';
import { Story } from './story';
import { EntityView, Missing, PathView, SavedView, SourceView, Start, open } from './views';
import { words } from './words';
import './explorer.css';

function View({ graph, path, query }: { graph: Graph; path: string; query: string }) {
  const [, room, text, more] = path.split('/');
  let id = '';
  try {
    id = decodeURIComponent(text ?? '');
  } catch {
    return <Missing />; // no text is written like this
  }
  const whole = more === undefined && (id !== '' || !['e', 's'].includes(room ?? ''));
  switch (whole ? room : 'nowhere') {
    case 'e':
      return <EntityView graph={graph} id={id} />;
    case 's':
      return <SourceView graph={graph} id={id} />;
    case 'path':
      return <PathView graph={graph} query={query} />;
    case 'view':
      return <SavedView graph={graph} />;
    case 'story':
      return <Story graph={graph} />;
    case '':
      return <Start graph={graph} />;
    default:
      return <Missing />;
  }
}

function Explorer({ graph }: { graph: Graph }) {
  const [at, setAt] = useState({ path: location.pathname, query: location.search, hash: location.hash });
  const content = useRef<HTMLElement>(null);
  useEffect(() => {
    const went = (event: Event) => {
      tellDamage([]);
      setAt({ path: location.pathname, query: location.search, hash: location.hash });
      if (event.type === 'went') {
        scrollTo(0, 0);
      }
    };
    const keys = (event: KeyboardEvent) => {
      if (event.key === '/' && isSingle(event, true)) {
        event.preventDefault();
        document.querySelector<HTMLInputElement>('input[data-search]')?.focus();
      }
    };
    addEventListener('went', went);
    addEventListener('popstate', went);
    addEventListener('keydown', keys);
    return () => {
      removeEventListener('went', went);
      removeEventListener('popstate', went);
      removeEventListener('keydown', keys);
    };
  }, []);
  useEffect(() => {
    // who follows a link by the keyboard goes on where the new content begins
    if (document.activeElement === document.body || document.activeElement instanceof HTMLAnchorElement) {
      content.current?.focus({ preventScroll: true });
    }
  }, [at.path]);
  const start = at.path === '/';
  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <header class="top">
        <Linked to="/" class="logo">
          {words.product}
        </Linked>
        {!start && <SearchBox graph={graph} label={words.search.label} sources main onChoose={open} />}
        <nav>
          <Linked to="/path">{words.connect}</Linked>
          {playground && <a href="/playground">{words.playground}</a>}
        </nav>
      </header>
      <Ended />
      <main id="content" ref={content} tabIndex={-1}>
        <Damaged />
        <View
          key={at.path + (at.path === '/story' || holdsView(at.hash) ? at.hash : '')}
          graph={graph}
          path={at.path}
          query={at.query}
        />
      </main>
      <footer class="foot">
        <a href="/assets/THIRD_PARTY_NOTICES.txt">{words.notices}</a>
      </footer>
    </>
  );
}

restoreFragment();
watchLogin();
keepFocus('main, body');
const root = document.getElementById('explorer');
if (root) {
  loadCatalog().then(
    catalog => {
      root.replaceChildren();
      render(<Explorer graph={new Graph(catalog)} />, root);
    },
    (reason: unknown) => {
      root.setAttribute('role', 'alert');
      root.textContent = `${words.errors.title}: ${reason instanceof Error ? reason.message : String(reason)}`;
    },
  );
}
