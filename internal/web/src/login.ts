// The page that stands in the place of another until somebody has logged in.
import { keepFragment } from './fragment';

keepFragment();
