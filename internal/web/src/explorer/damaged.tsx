/** @jsxImportSource preact */
// What tells that something of the view that is shown is damaged in the store, and left out.
import { useEffect, useState } from 'preact/hooks';
import { damage } from './api';
import { words } from './words';

export function Damaged() {
  const [told, setTold] = useState(damage.told);
  useEffect(() => {
    const changed = () => setTold(damage.told);
    addEventListener(damage.changed, changed);
    return () => removeEventListener(damage.changed, changed);
  }, []);
  return (
    <div role="status">
      {told.length > 0 && (
        <div class="damaged">
          <p>{words.damaged}</p>
          <ul>
            {told.map(message => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
