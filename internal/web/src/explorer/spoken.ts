// Quotations of a text, with who said them, for a person to look at: found by rules alone, from quotation marks, verbs of
// saying, and the names of people that the graph knows. Whatever is no sure case is passed over.
import type { Named, Passage } from './statement';

export interface Spoken {
  // The words between the quotation marks.
  said: Passage;
  // The stretch that holds them and says who said them.
  whole: Passage;
  speaker: Named;
}

const verb = new RegExp(
  '(?<!\\p{L})(?:said|says|saying|told|tells|adds|added|explain(?:s|ed)|argue[sd]|state[sd]|note[sd]|warn(?:s|ed)|declare[sd]|' +
    'insist(?:s|ed)|ask(?:s|ed)|writes|wrote|repl(?:ies|ied)|stress(?:es|ed)|emphasi[sz]e[sd]|conclude[sd]|announce[sd]|' +
    'claim(?:s|ed)|observe[sd]|recall(?:s|ed)|remark(?:s|ed)|comment(?:s|ed)|puts? it|according to)(?!\\p{L})',
  'iu',
);

// A quotation has three words at least: fewer are a term that is only used.
const marks = /“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|"([^"\n]+)"|(?<!\p{L})‘((?:[^‘’\n]|’(?=\p{L}))+)’(?!\p{L})/gu;
const most = 3000;
const isQuotation = (words: string) => words.length <= most && words.trim().split(/\s+/).length >= 3;

// How far a speaker may be from the words and from the verb, in characters.
const near = 200;
const beside = 60;

// A name that stands somewhere, in units of UTF-16.
interface Mention {
  start: number;
  end: number;
  who: Named;
}

// mentionsOf lists where people are named: by a name of theirs, and after that by its last word, where it is one's alone.
function mentionsOf(text: string, names: Named[], unit: number[]): Mention[] {
  const people = names.filter(n => n.type === 'PERSON');
  const list: Mention[] = people.flatMap(who =>
    who.places.map(([start, end]) => ({ start: unit[start] ?? 0, end: unit[end] ?? 0, who })),
  );
  const surname = (n: Named) => n.name.split(/\s+/).at(-1) ?? '';
  for (const who of people) {
    const name = surname(who);
    if (name.length < 3 || !/^[\p{L}’'-]+$/u.test(name) || people.some(n => n !== who && surname(n) === name)) {
      continue;
    }
    const first = Math.min(...list.filter(m => m.who === who).map(m => m.start));
    for (const m of text.matchAll(new RegExp(`(?<![\\p{L}-])${name}(?![\\p{L}-])`, 'gu'))) {
      const end = m.index + name.length;
      if (m.index > first && !list.some(l => l.start < end && l.end > m.index)) {
        list.push({ start: m.index, end, who });
      }
    }
  }
  return list.sort((a, b) => a.start - b.start);
}

// A sentence ends at a point, unless that stands behind a title or an initial.
const end = /(?<!(?<!\p{L})(?:Dr|Mr|Mrs|Ms|Prof|St|Sen|Gen|Gov|Rep|Lt|Col|\p{Lu}))[.!?…](?=\s|$)|\n/u;

// after is what stands behind a quotation in the same sentence, up to the next.
function after(text: string, from: number): string {
  const part = text.slice(from, from + near).split(/[“„«"‘]/u)[0] ?? '';
  const stop = part.slice(1).search(end); // a point directly behind the mark may belong to the words
  return stop < 0 ? part : part.slice(0, stop + 1);
}

// before is what stands before a quotation in the same sentence, from the one before it on.
function before(text: string, to: number): string {
  const part =
    text
      .slice(Math.max(0, to - near), to)
      .split(/[”»"]|’(?!\p{L})/u)
      .at(-1) ?? '';
  const stops = [...part.matchAll(new RegExp(end, 'gu'))];
  const stop = stops.at(-1);
  return stop ? part.slice(stop.index + 1) : part;
}

// An attribution is who said something, and the stretch that says so.
interface Attribution {
  who: Named;
  start: number;
  end: number;
}

// canSay reports whether a name in a text may be the subject of a verb: not "a friend of Ann", nor "Ann’s office".
function canSay(text: string, m: Mention): boolean {
  return (
    !/(?<!\p{L})(?:of|by|from|with|to|for|about|than|on|in|at)\s+$/iu.test(
      text.slice(Math.max(0, m.start - 10), m.start),
    ) && !/^[’']s(?!\p{L})/u.test(text.slice(m.end, m.end + 3))
  );
}

// byVerb finds who is the subject of a verb of saying in a stretch of a text, or whom it means by "he said".
function byVerb(text: string, part: string, at: number, mentions: Mention[], last: Named | null): Attribution | null {
  const found = verb.exec(part);
  if (!found) {
    return null;
  }
  const start = at + found.index;
  const stop = start + found[0].length;
  const within = mentions.filter(m => m.start >= at && m.end <= at + part.length);
  const according = /^according to$/i.test(found[0]);
  const ahead = within.filter(m => m.end <= start && start - m.end <= beside && canSay(text, m)).at(-1);
  const behind = within.find(m => m.start >= stop);
  // between a verb and the name behind it stands what somebody is, and nothing else
  const between = text.slice(stop, behind?.start ?? stop);
  const inverted =
    !/^(?:told|tells)$/i.test(found[0]) &&
    between.length <= beside &&
    !/[,;:]|(?<!\p{L})(?:that|who|which|of|by|from|with|to|for|about)(?!\p{L})/iu.test(between);
  if (ahead && !according) {
    return { who: ahead.who, start: ahead.start, end: stop };
  }
  const heSaid = /(?<!\p{L})(?:he|she)\s+$/iu.exec(text.slice(at, start));
  if (heSaid && last) {
    return { who: last, start: at + heSaid.index, end: stop };
  }
  const saidHe = /^\s+(?:he|she)(?!\p{L})/iu.exec(text.slice(stop));
  if (saidHe && last) {
    return { who: last, start, end: stop + saidHe[0].length };
  }
  return behind && inverted ? { who: behind.who, start, end: behind.end } : null;
}

// meant is whom "he" or "she" means behind a stretch of a text: who was spoken of last by a sentence that begins with them,
// or who spoke last, or whoever was named last. Where that may be somebody else, whom a sentence since then names, it is nobody.
function meant(text: string, ahead: Mention[], previous: Attribution | null): Named | null {
  const begins = ahead.filter(m => before(text, m.start).trim().length <= 12).at(-1); // a title may stand before
  if (begins && (!previous || begins.start > previous.end)) {
    return begins.who;
  }
  const named = ahead.at(-1);
  if (previous) {
    const others = ahead.filter(m => m.start >= previous.end && m.who !== previous.who);
    return others.some(m => end.test(text.slice(previous.end, m.start))) ? null : previous.who;
  }
  return named && ahead.some(m => m.who !== named.who && named.start - m.end < near) ? null : (named?.who ?? null);
}

// directly reports whether a stretch behind a quotation begins with who said it, or with a verb of saying.
function directly(text: string, part: string, at: number, mentions: Mention[]): boolean {
  const gap = /^[,.\s]*/.exec(part)?.[0].length ?? 0;
  return (
    mentions.some(m => m.start === at + gap) ||
    /^(?:he|she)(?!\p{L})/iu.test(part.slice(gap)) ||
    verb.exec(text.slice(at + gap))?.index === 0
  );
}

// wordAhead is what stands before a place within a word that has capitals: the words of a source are whole ones. It can be
// matched in one way only, as trying all the ways of a long word would take longer than anybody waits.
const wordAhead = /[\p{Ll}\p{Lu}\p{M}\p{N}]+(?:['’][\p{Ll}\p{Lu}\p{M}\p{N}]+)*['’]?$/u;

const wordFrom = (text: string, at: number) =>
  at - (wordAhead.exec(text.slice(Math.max(0, at - near), at))?.[0].length ?? 0);

// spokenIn finds the quotations of a text whose speaker is known.
export function spokenIn(text: string, names: Named[]): Spoken[] {
  const unit: number[] = []; // where each code point begins, in units of UTF-16
  const point = new Uint32Array(text.length + 1);
  for (let i = 0; i < text.length; ) {
    point[i] = unit.length;
    unit.push(i);
    i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
  }
  point[text.length] = unit.length;
  unit.push(text.length);
  const passage = (start: number, stop: number): Passage => ({
    start: point[start] ?? 0,
    end: point[stop] ?? 0,
    text: text.slice(start, stop),
  });
  const mentions = mentionsOf(text, names, unit);
  const list: Spoken[] = [];
  let previous: (Attribution & { quoted: number }) | null = null;
  for (const m of text.matchAll(marks)) {
    const words = m.slice(1).find(x => x !== undefined) ?? '';
    const [start, stop] = [m.index, m.index + m[0].length];
    if (!isQuotation(words)) {
      continue;
    }
    const outside = mentions.filter(x => x.end <= start || x.start >= stop);
    const ahead = before(text, start);
    const last = meant(
      text,
      outside.filter(x => x.end <= start),
      previous,
    );
    const behind = after(text, stop);
    // “…” – Mary Kaldor
    const dash = /^\s*[–—-]{1,2}\s*/u.exec(text.slice(stop, stop + near));
    const signed = dash && outside.find(x => x.start >= stop && x.start - stop - dash[0].length <= 40);
    const unsigned =
      signed &&
      /[.!?\n]/.test(text.slice(stop + dash[0].length, signed.start).replace(/\b(?:Dr|Prof|Mr|Mrs|Ms)\./g, ''));
    const behindFirst = directly(text, behind, stop, outside);
    const verbBehind = () => byVerb(text, behind, stop, outside, last);
    const verbAhead = () => byVerb(text, ahead, start - ahead.length, outside, last);
    let by: Attribution | null =
      signed && !unsigned
        ? { who: signed.who, start: signed.start, end: signed.end }
        : behindFirst
          ? (verbBehind() ?? verbAhead())
          : (verbAhead() ?? verbBehind());
    // ‘…’, he said. ‘…’
    if (
      !by &&
      previous &&
      /^[\s.,;:]*(?:(?:and|but)\s+)?$/u.test(text.slice(Math.max(previous.quoted, previous.end), start))
    ) {
      by = previous;
    }
    if (by) {
      const inner = start + m[0].indexOf(words);
      const trimmed = words.trim().replace(/,$/, '');
      const at = inner + words.length - words.trimStart().length;
      list.push({
        said: passage(at, at + trimmed.length),
        whole: passage(Math.min(start, wordFrom(text, by.start)), Math.max(stop, by.end)),
        speaker: by.who,
      });
      previous = { who: by.who, start: by.start, end: by.end, quoted: stop };
    } else {
      previous = null;
    }
  }
  return list;
}
