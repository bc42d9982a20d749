/** @jsxImportSource preact */
// What tells that a session has ended, in the explorer and in the playground.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { look, session } from './api';
import { words } from './words';

// Ended says that who was logged in is so no more, and offers to log in beside this page, which stays as it is. When
// somebody comes back from there, it goes away.
export function Ended() {
  const [ended, setEnded] = useState(session.ended);
  useEffect(() => {
    const changed = () => setEnded(session.ended);
    addEventListener(session.changed, changed);
    return () => removeEventListener(session.changed, changed);
  }, []);
  useEffect(() => {
    if (!ended) {
      return;
    }
    const back = () => void look().catch(() => undefined); // it is said already
    addEventListener('focus', back);
    return () => removeEventListener('focus', back);
  }, [ended]);
  if (!ended) {
    return null;
  }
  return (
    <div role="alert" class="ended">
      <p>{words.session.ended}</p>
      <p>
        <a href="/login?next=/login?in" target="_blank" rel="noreferrer">
          {words.session.login}
        </a>{' '}
        <button type="button" onClick={() => void look().catch(() => undefined)}>
          {words.session.again}
        </button>
      </p>
    </div>
  );
}

// tell shows it above an element, where a page is not made of ours, once a question was refused.
export async function tell(above: HTMLElement) {
  await look().catch(() => undefined); // that it was refused is noted
  if (!document.getElementById('session')) {
    const host = document.createElement('div');
    host.id = 'session';
    above.before(host);
    render(<Ended />, host);
  }
}
