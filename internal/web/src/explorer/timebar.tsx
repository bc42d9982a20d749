/** @jsxImportSource preact */
// When the links of a picture held: a histogram by year, and the window of time that is shown.
import { useEffect, useState } from 'preact/hooks';
import { years, type Graph, type Link } from './graph';
import { dated } from './scene';
import type { TimeWindow } from './state';
import { words } from './words';

const w = words.time;

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
  useEffect(() => {
    if (!playing) {
      return;
    }
    // The window moves a year at a time, and ends where time does.
    const timer = setTimeout(() => {
      if (to >= high) {
        setPlaying(false);
      } else {
        onTime({ from: from + 1, to: to + 1, undated, certain });
      }
    }, 700);
    return () => clearTimeout(timer);
  }, [playing, from, to]);
  if (!(high > low)) {
    return null; // nothing is dated, or all of one year: there is nothing to choose
  }
  const counts = new Array<number>(Math.min(high - low + 1, 500)).fill(0);
  for (const span of spans) {
    if (span) {
      for (let y = Math.max(low, span[0]); y <= Math.min(high, span[1]) && y - low < counts.length; y++) {
        counts[y - low] = (counts[y - low] ?? 0) + 1;
      }
    }
  }
  const top = Math.max(1, ...counts);
  const none = spans.filter(s => s === null).length;
  const play = () => {
    if (!playing && (to >= high || !time)) {
      onTime({ from: low, to: low + Math.max(0, Math.floor((high - low) / 10)), undated, certain });
    }
    setPlaying(!playing);
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
        aria-label={counts
          .flatMap((n, i) => (n ? [w.year(low + i, n)] : []))
          .slice(0, 60)
          .join('; ')}
      >
        {counts.map((n, i) => (
          <span
            key={i}
            class={low + i >= from && low + i <= to ? 'in' : ''}
            style={{ height: `${Math.round((100 * n) / top)}%` }}
            title={w.year(low + i, n)}
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
