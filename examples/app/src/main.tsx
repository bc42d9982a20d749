import { StrictMode, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { cacheExchange } from "@urql/exchange-graphcache";
import { Client, fetchExchange, Provider, useQuery, type CombinedError } from "urql";
import { Details, Paths, People, Search } from "./queries";
import { settings } from "./urql-settings";
import "./style.css";

const client = new Client({ url: "/graphql", preferGetMethod: false, exchanges: [cacheExchange(settings), fetchExchange] });

/** The place in the app: what stands behind # in the address, as a path and parameters. */
function usePlace(): { path: string; params: URLSearchParams } {
  const hash = useSyncExternalStore(
    (changed) => {
      window.addEventListener("hashchange", changed);
      return () => window.removeEventListener("hashchange", changed);
    },
    () => window.location.hash.slice(1),
  );
  const [path = "", query = ""] = hash.split("?");
  return { path: path || "/", params: new URLSearchParams(query) };
}

const to = (path: string, params: Record<string, string> = {}) => `#${path}?${new URLSearchParams(params)}`;
const toEntity = (id: string) => to("/entity", { id });

/** What is shown of an answer: that it is on the way, what went wrong, or the answer. */
function Answer({ fetching, error, children }: { fetching: boolean; error?: CombinedError; children: ReactNode }) {
  if (error) {
    const [first] = error.graphQLErrors;
    return <p role="alert">{first?.message ?? "The server cannot be reached. Is it running?"}</p>;
  }
  return fetching ? <p role="status">Loading …</p> : children;
}

/** A page with a heading, which takes the focus when the page is opened, so that a screen reader reads on from there. */
function Page({ title, children }: { title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Throughline`;
    heading.current?.focus();
  }, [title]);
  return (
    <main>
      <h1 tabIndex={-1} ref={heading}>{title}</h1>
      {children}
    </main>
  );
}

interface Entry { id: string; name: string; description?: string | null }

function Entries({ of }: { of: readonly Entry[] }) {
  return (
    <ul className="entries">
      {of.map((e) => (
        <li key={e.id}>
          <a href={toEntity(e.id)}>{e.name}</a>
          {e.description && <p>{e.description}</p>}
        </li>
      ))}
    </ul>
  );
}

function PeoplePage() {
  const [after, setAfter] = useState<string | null>(null);
  // the cache joins the pages: with another `after` all that is loaded is shown
  const [{ data, fetching, error }] = useQuery({ query: People, variables: { after } });
  const people = data?.people;
  return (
    <Page title="People">
      <Answer fetching={fetching && !people} error={error}>
        <p>{people?.edges.length} of {people?.totalCount}</p>
        <Entries of={people?.edges.map((e) => e.node) ?? []} />
        {people?.pageInfo.hasNextPage && (
          <button disabled={fetching} onClick={() => setAfter(people.pageInfo.endCursor ?? null)}>More</button>
        )}
      </Answer>
    </Page>
  );
}

function EntityPage({ id }: { id: string }) {
  const [{ data, fetching, error }] = useQuery({ query: Details, variables: { id } });
  const node = data?.node;
  const entity = node && "name" in node ? node : null;
  return (
    <Page title={entity?.name ?? (fetching ? "…" : "Not found")}>
      <Answer fetching={fetching} error={error}>
        {entity ? (
          <>
            <p className="type">{entity.type.toLowerCase()}</p>
            {entity.description && <p>{entity.description}</p>}
            <h2>Links</h2>
            <ul className="entries">
              {entity.links.edges.map(({ node: other, link }) => (
                <li key={link.id}>
                  <a href={toEntity(other.id)}>{other.name}</a>
                  <p>{link.sentence}</p>
                  {link.evidence.nodes.map((e) => (
                    <blockquote key={e.id}>
                      {e.excerpt}
                      <footer>{e.source.url ? <a href={e.source.url}>{e.source.title}</a> : e.source.title}</footer>
                    </blockquote>
                  ))}
                </li>
              ))}
            </ul>
          </>
        ) : (
          <p>There is nothing of this id.</p>
        )}
      </Answer>
    </Page>
  );
}

function SearchPage({ text }: { text: string }) {
  const [{ data, fetching, error }] = useQuery({ query: Search, variables: { text }, pause: !text });
  const found = data?.search;
  return (
    <Page title="Search">
      <form role="search" onSubmit={(e) => { e.preventDefault(); window.location.hash = to("/search", { text: String(new FormData(e.currentTarget).get("text")) }); }}>
        <label>Words <input name="text" type="search" defaultValue={text} required /></label>
        <button>Search</button>
      </form>
      {text && (
        <Answer fetching={fetching} error={error}>
          <p role="status">{found?.totalCount} found</p>
          <Entries of={found?.edges.map((e) => e.node) ?? []} />
        </Answer>
      )}
    </Page>
  );
}

function PathPage({ from, end }: { from: string; end: string }) {
  const [{ data, fetching, error }] = useQuery({ query: Paths, variables: { from, to: end }, pause: !from || !end });
  const lines = data?.paths?.nodes;
  return (
    <Page title="How are they connected?">
      <form onSubmit={(e) => {
        e.preventDefault();
        const asked = new FormData(e.currentTarget);
        window.location.hash = to("/path", { from: String(asked.get("from")), to: String(asked.get("to")) });
      }}>
        <label>From <input name="from" defaultValue={from || "Mary Kaldor"} required /></label>
        <label>To <input name="to" defaultValue={end || "protection of civilians"} required /></label>
        <button>Find paths</button>
      </form>
      {from && end && (
        <Answer fetching={fetching} error={error}>
          {lines?.length === 0 && <p role="status">There is no path.</p>}
          {lines?.map((line) => (
            <section className="path" key={line.nodes.map((n) => n.id).join(" ")}>
              <h2>{line.nodes.map((n, i) => <span key={n.id}>{i > 0 && " → "}<a href={toEntity(n.id)}>{n.name}</a></span>)}</h2>
              <ol>
                {line.steps.map(({ link }) => (
                  <li key={link.id}>
                    {link.sentence}
                    {link.evidence.nodes.map((e) => <blockquote key={e.id}>{e.excerpt}</blockquote>)}
                  </li>
                ))}
              </ol>
            </section>
          ))}
        </Answer>
      )}
    </Page>
  );
}

function App() {
  const { path, params } = usePlace();
  const of = (name: string) => params.get(name) ?? "";
  const here = (page: string) => (path === page ? "page" : undefined);
  return (
    <>
      <header>
        <nav aria-label="Pages">
          <a href={to("/")} aria-current={here("/")}>People</a>
          <a href={to("/search")} aria-current={here("/search")}>Search</a>
          <a href={to("/path")} aria-current={here("/path")}>Path</a>
        </nav>
      </header>
      {path === "/entity" ? <EntityPage key={of("id")} id={of("id")} />
        : path === "/search" ? <SearchPage key={of("text")} text={of("text")} />
        : path === "/path" ? <PathPage key={`${of("from")}\n${of("to")}`} from={of("from")} end={of("to")} />
        : <PeoplePage />}
    </>
  );
}

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <Provider value={client}><App /></Provider>
  </StrictMode>,
);
