/** @jsxImportSource preact */
// The same selection as a table: to be sorted, and read aloud.
import { useState } from 'preact/hooks';
import { kindLabel } from './catalog';
import { Standing } from './evidence';
import type { Graph, Link } from './graph';
import { Linked, entityPage } from './parts';
import { words } from './words';

const w = words.table;

type Column = 'from' | 'kind' | 'to' | 'role' | 'since' | 'until' | 'sources';

function cells(graph: Graph, link: Link): Record<Column, string> {
  const name = (id: string) => graph.entities.get(id)?.name ?? id;
  return {
    from: name(link.from.id),
    kind: kindLabel(graph.catalog, link.kind),
    to: name(link.to.id),
    role: link.role ?? '',
    since: link.since ?? '',
    until: link.until ?? '',
    sources: String(link.supportCount),
  };
}

const columns: Column[] = ['from', 'kind', 'to', 'role', 'since', 'until', 'sources'];

export function Table({ graph, links, onWords }: { graph: Graph; links: Link[]; onWords: (id: string) => void }) {
  const [by, setBy] = useState<Column>('from');
  const [down, setDown] = useState(false);
  const compare = new Intl.Collator(words.locale, { numeric: true }).compare;
  const rows = links
    .map(link => ({ link, cells: cells(graph, link) }))
    .sort((a, b) => (down ? -1 : 1) * compare(a.cells[by], b.cells[by]) || (a.link.id < b.link.id ? -1 : 1));
  // a column in which nothing stands takes room from the others
  const shown = columns.filter(c => !['role', 'since', 'until'].includes(c) || rows.some(r => r.cells[c] !== ''));
  const sort = (c: Column) => {
    setDown(c === by ? !down : false);
    setBy(c);
  };
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={w.caption(links.length)}>
      <table>
        <caption>{w.caption(links.length)}</caption>
        <thead>
          <tr>
            {shown.map(c => (
              <th key={c} scope="col" aria-sort={c === by ? (down ? 'descending' : 'ascending') : 'none'}>
                <button type="button" class="plain" onClick={() => sort(c)}>
                  {w[c]}
                  {c === by ? (down ? ' ↓' : ' ↑') : ''}
                </button>
              </th>
            ))}
            <th scope="col">{w.standing}</th>
            <th scope="col">{w.words}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ link, cells: c }) => (
            <tr key={link.id}>
              <td>
                <Linked to={entityPage(link.from.id)}>{c.from}</Linked>
              </td>
              <td>{c.kind}</td>
              <td>
                <Linked to={entityPage(link.to.id)}>{c.to}</Linked>
              </td>
              {shown
                .filter(k => !['from', 'kind', 'to'].includes(k))
                .map(k => (
                  <td key={k}>{c[k]}</td>
                ))}
              <td>
                <Standing link={link} />
              </td>
              <td>
                <button
                  type="button"
                  class="plain"
                  onClick={() => onWords(link.id)}
                  aria-label={`${w.words}: ${link.sentence}`}
                >
                  {w.words}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
