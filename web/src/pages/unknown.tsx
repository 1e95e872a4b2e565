import { Problem } from '../api';
import { Failed } from '../parts/states';
import { useTitle } from '../parts/shell';

export function UnknownPage() {
  useTitle('Not found');
  return <Failed why={new Problem({ status: 404, title: 'Not found' })} />;
}
