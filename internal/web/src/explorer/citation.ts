// Evidence as a citation: a line of text, BibTeX, or CSL-JSON (citationstyles.org, schema 1.0).
import type { Evidence, Source } from './graph';
import { words } from './words';

export type Format = 'plain' | 'bibtex' | 'csl';

// Text in quotation marks. Text that is all of one quotation already stays; marks within become single ones.
function quote(s: string): string {
  return /^“[^“”]*”$/.test(s) ? s : `“${s.replaceAll('“', '‘').replaceAll('”', '’')}”`;
}

function plain({ excerpt, source }: Evidence): string {
  const parts = [source.authors.join(', '), quote(source.title), source.publisher, source.publishedOn, source.url];
  return `${quote(excerpt)} ${parts.filter(p => p).join(', ')}.`;
}

const escapes: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '%': '\\%',
  '#': '\\#',
  '&': '\\&',
  $: '\\$',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};

const tex = (s: string) => s.replaceAll(/[\\{}%#&$_~^]/g, c => escapes[c] ?? c);

function bibtex({ excerpt, source }: Evidence): string {
  const [year, month] = (source.publishedOn ?? '').split('-');
  const fields = [
    ['title', tex(source.title)],
    ['author', source.authors.map(a => `{${tex(a)}}`).join(' and ')],
    [source.kind === 'ARTICLE' ? 'journal' : 'publisher', tex(source.publisher ?? '')],
    ['year', year],
    ['month', month && String(Number(month))],
    ['url', source.url],
    ['note', quote(tex(excerpt))],
  ].filter(([, value]) => value);
  const kind = source.kind === 'ARTICLE' && source.publisher ? 'article' : source.kind === 'BOOK' ? 'book' : 'misc';
  return `@${kind}{${source.id},\n${fields.map(([name, value]) => `  ${name} = {${value}}`).join(',\n')}\n}`;
}

const cslTypes: Record<string, string> = {
  ARTICLE: 'article',
  REPORT: 'report',
  SPEECH: 'speech',
  TRANSCRIPT: 'interview',
  DATASET: 'dataset',
  WEB_PAGE: 'webpage',
  BOOK: 'book',
};

function csl({ excerpt, source }: Evidence): string {
  const item: Record<string, unknown> = {
    id: source.id,
    type: cslTypes[source.kind] ?? 'document',
    title: source.title,
  };
  if (source.authors.length > 0) {
    item.author = source.authors.map(literal => ({ literal }));
  }
  if (source.publisher) {
    item.publisher = source.publisher;
  }
  if (source.publishedOn) {
    item.issued = { 'date-parts': [source.publishedOn.split('-').map(Number)] };
  }
  if (source.url) {
    item.URL = source.url;
  }
  item.note = quote(excerpt);
  return JSON.stringify([item], null, 2);
}

export function cite(e: Evidence, format: Format): string {
  return { plain, bibtex, csl }[format](e);
}

// noted is a citation for a text that is read without this page: it says what the page says beside the words.
export function noted(e: Evidence): string {
  const { refutes, unverified } = words.evidence;
  const notes = [e.stance === 'REFUTES' && `(${refutes})`, e.verified === false && unverified];
  return [plain(e), ...notes].filter(s => s).join(' ');
}

// reading is the address of a source with the words in it marked (URL fragment text directive, WICG).
export function reading(source: Source, excerpt: string): string | null {
  if (!source.url) {
    return null;
  }
  const part = (s: string) => encodeURIComponent(s).replaceAll('-', '%2D');
  const all = excerpt.trim().split(/\s+/);
  const text =
    all.length > 12 ? `${part(all.slice(0, 5).join(' '))},${part(all.slice(-5).join(' '))}` : part(all.join(' '));
  return `${source.url.replace(/#.*$/, '')}#:~:text=${text}`;
}
