// The page that stands in the place of another until somebody has logged in.
import { keepFragment } from './fragment';

keepFragment();
const go = document.querySelector<HTMLAnchorElement>('a.go');
if (go?.dataset.led !== undefined) {
  location.replace(go.href);
} else if (go?.dataset.away !== undefined) {
  // the page by the other name is to keep it; an issuer is told nothing of it
  go.hash = location.hash;
}
