import { expect, test } from 'vitest';
import { labPath, parseRoute } from './router';

test.each([
  ['/', { page: 'home' }],
  ['/labs', { page: 'labs' }],
  ['/labs/', { page: 'labs' }],
  ['/labs/ggml-formats', { page: 'lab', slug: 'ggml-formats', tab: 'handout' }],
  ['/labs/ggml-formats/solution', { page: 'lab', slug: 'ggml-formats', tab: 'solution' }],
  ['/labs/ggml-formats/nothing', { page: 'unknown' }],
  ['/submissions/01J', { page: 'submission', id: '01J' }],
  ['/submissions', { page: 'unknown' }],
  ['/tokens/x', { page: 'unknown' }],
  ['/labs/%zz', { page: 'lab', slug: '%zz', tab: 'handout' }],
])('%s is routed', (path, route) => expect(parseRoute(path)).toEqual(route));

test('a lab path has no dot, whatever the slug', () => {
  expect(labPath('ggml-formats', 'attempts')).toBe('/labs/ggml-formats/attempts');
});
