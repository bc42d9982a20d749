/** @jsxImportSource preact */
// When the links of a picture held: a histogram by year, and the window of time that is shown.
import { useEffect, useRef, useState } from 'preact/hooks';
import { years, type Graph, type Link } from './graph';
import { dated } from './scene';
import type { TimeWindow } from './state';
import { words } from './words';

const w = words.time;

// bars is how many bars there are at most, so that each can be seen and taken hold of.
const bars = 150;

// most is how many of them are told to who listens.
const most = 60;

// yearsOf is how many years a bar stands for: the least round number that leaves no more than so many of them.
function yearsOf(all: number): number {
  for (let ten = 1; ; ten *= 10) {
    for (const per of [ten, 2 * ten, 5 * ten]) {
      if (all <= per * bars) {
        return per;
      }
    }
  }
}

export function TimeBar({
  graph,
  links,
  time,
  onTime,
}: {
  graph: Graph;
  links: Link[];
  time: TimeWindow | null;
  onTime: (time: TimeWindow | null) => void;
}) {
  const [playing, setPlaying] = useState(false);
  // what a drag over the histogram began with
  const held = useRef<{ bar: number; from: number; to: number; moves: boolean } | null>(null);
  const spans = links.map(l => dated(graph, l)).map(l => years(l.since, l.until));
  const known = spans
    .filter(s => s !== null)
    .flat()
    .filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const from = time?.from ?? low;
  const to = time?.to ?? high;
  const undated = time?.undated ?? true;
  const certain = time?.certain ?? false;
  const per = high > low ? yearsOf(high - low + 1) : 1;
  useEffect(() => {
    if (!playing) {
      return;
    }
    // The window moves a bar at a time, and ends where time does.
    const timer = setTimeout(() => {
      const by = Math.min(per, high - to);
      if (by <= 0) {
        setPlaying(false);
      } else {
        onTime({ from: from + by, to: to + by, undated, certain });
      }
    }, 700);
    return () => clearTimeout(timer);
  }, [playing, from, to]);
  if (!(high > low)) {
    return null; // nothing is dated, or all of one year: there is nothing to choose
  }
  const counts = new Array<number>(Math.ceil((high - low + 1) / per)).fill(0);
  const barOf = (year: number) => Math.floor((Math.min(high, Math.max(low, year)) - low) / per);
  for (const span of spans) {
    if (span) {
      for (let i = barOf(span[0]); i <= barOf(span[1]); i++) {
        counts[i] = (counts[i] ?? 0) + 1;
      }
    }
  }
  const beginOf = (bar: number) => low + bar * per;
  const endOf = (bar: number) => Math.min(high, low + bar * per + per - 1);
  const told = counts.flatMap((n, i) => (n ? [w.years(beginOf(i), endOf(i), n)] : []));
  const top = Math.max(1, ...counts);
  const none = spans.filter(s => s === null).length;
  const play = () => {
    if (!playing && (to >= high || !time)) {
      onTime({ from: low, to: low + Math.max(0, Math.floor((high - low) / 10)), undated, certain });
    }
    setPlaying(!playing);
  };
  // a drag moves the years that are chosen, or chooses those that it passes over; the keyboard has the thumbs
  const barAt = (event: PointerEvent & { currentTarget: Element }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const part = width > 0 ? (event.clientX - left) / width : 0;
    return Math.min(counts.length - 1, Math.max(0, Math.floor(part * counts.length)));
  };
  const drag = (event: PointerEvent & { currentTarget: Element }) => {
    const began = held.current;
    if (!began) {
      return;
    }
    const bar = barAt(event);
    if (began.moves) {
      const by = Math.min(high - began.to, Math.max(low - began.from, (bar - began.bar) * per));
      onTime({ from: began.from + by, to: began.to + by, undated, certain });
    } else if (time || bar !== began.bar) {
      onTime({ from: beginOf(Math.min(bar, began.bar)), to: endOf(Math.max(bar, began.bar)), undated, certain });
    }
  };
  const slider = (label: string, value: number, set: (year: number) => void) => (
    <label class="thumb">
      {label} <output>{value}</output>
      <input
        type="range"
        min={low}
        max={high}
        value={value}
        onInput={event => set(Number(event.currentTarget.value))}
      />
    </label>
  );
  return (
    <section class="time" aria-label={w.label}>
      <div
        class="histogram"
        role="img"
        title={w.drag}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const bar = barAt(event);
          held.current = {
            bar,
            from,
            to,
            moves: time !== null && (from > low || to < high) && endOf(bar) >= from && beginOf(bar) <= to,
          };
          setPlaying(false);
        }}
        onPointerMove={drag}
        onPointerUp={() => (held.current = null)}
        onPointerCancel={() => (held.current = null)}
        aria-label={[...told.slice(0, most), ...(told.length > most ? [w.rest(told.length - most, per)] : [])].join(
          '; ',
        )}
      >
        {counts.map((n, i) => (
          <span
            key={i}
            class={endOf(i) >= from && beginOf(i) <= to ? 'in' : ''}
            style={{ height: `${Math.round((100 * n) / top)}%` }}
          />
        ))}
      </div>
      <div class="controls">
        {slider(w.from, from, y => onTime({ from: Math.min(y, to), to, undated, certain }))}
        {slider(w.to, to, y => onTime({ from, to: Math.max(y, from), undated, certain }))}
        <button type="button" onClick={play}>
          {playing ? w.pause : w.play}
        </button>
        <button
          type="button"
          disabled={!time}
          onClick={() => {
            setPlaying(false);
            onTime(null);
          }}
        >
          {w.all}
        </button>
        {per > 1 && <span class="quiet">{w.perBar(per)}</span>}
        <label>
          <input
            type="checkbox"
            checked={certain}
            onChange={event => onTime({ from, to, undated, certain: event.currentTarget.checked })}
          />{' '}
          {w.certain}
        </label>
        {none > 0 && (
          <label>
            <input
              type="checkbox"
              checked={undated}
              onChange={event => onTime({ from, to, certain, undated: event.currentTarget.checked })}
            />{' '}
            {w.undated(none)}: {w.showUndated}
          </label>
        )}
      </div>
    </section>
  );
}
