// What stands behind # in an address is a view or a query, and is sent to no server: so a login in the same tab would lose
// it. Meanwhile it is kept in the tab.

const key = 'throughline.fragment';

const here = () => location.pathname + location.search;

// The page that is shown after a login: that at /login is of another.
const wanted = () => (location.pathname === '/login' && new URLSearchParams(location.search).get('next')) || here();

// keepFragment keeps it for the page that is shown again after a login.
export function keepFragment() {
  if (location.hash) {
    sessionStorage.setItem(key, JSON.stringify([wanted(), location.hash]));
  }
}

// restoreFragment puts it back into the address, where it was kept for this page. What another page left is forgotten.
export function restoreFragment() {
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (!kept || location.hash) {
    return;
  }
  const [page, hash] = JSON.parse(kept) as [string, string];
  if (page === here()) {
    history.replaceState(null, '', hash);
  }
}

// watchLogin hands it on to the page for logging in, which may be one by another name of the server.
export function watchLogin() {
  const link = document.querySelector<HTMLAnchorElement>('aside.account a');
  link?.addEventListener('click', () => (link.hash = location.hash));
}
