import { expect, test } from 'vitest';
import { earnedSoFar, fold, planned, type Progress } from './progress';
import type { LabEvent } from './shapes';

const lab = {
  groups: [
    { name: 'dq-legacy', points: 15, visible: true, about: '' },
    { name: 'edges', points: 10, visible: false, about: '' },
  ],
  timed: [{ name: 'dequantize Q4_K', unit: 'GB/s', points: 0, tiers: [] }],
};
const groupDone: LabEvent = {
  event: 'group_finished',
  group: 'dq-legacy',
  visible: true,
  verdict: 'partial',
  earned: 12,
  points: 15,
  cases: 24,
  passed: 19,
  ms: 12,
};
const after = (...events: LabEvent[]): Progress => events.reduce(fold, planned(lab));
const find = (progress: Progress, key: string) => progress.steps.find((s) => s.key === key);

test('all steps are listed before the first event', () => {
  expect(planned(lab).steps.map((s) => s.key)).toEqual([
    'compile',
    'group:dq-legacy',
    'group:edges',
    'sanitizer',
    'timed:dequantize Q4_K',
  ]);
});

test('the place in the queue is kept and said', () => {
  const progress = after({ event: 'state', state: 'queued', queue_position: 3 });
  expect(progress.queuePosition).toBe(3);
  expect(progress.said).toBe('Waiting, place 3 in the queue');
});

test('the first step ends the queueing even when the state event was lost', () => {
  expect(after({ event: 'compile_started' }).state).toBe('running');
});

test('a finished group shows its points and its cases', () => {
  const step = find(after(groupDone), 'group:dq-legacy');
  expect(step).toMatchObject({ is: 'done', verdict: 'partial', earned: 12, note: '19 of 24 cases' });
});

test('an event that comes twice, as after a reconnect, changes nothing', () => {
  expect(after(groupDone, groupDone)).toEqual(after(groupDone));
});

test('a group that the lab did not announce is added, not lost', () => {
  const progress = after({ ...groupDone, group: 'new', visible: false });
  expect(find(progress, 'group:new')).toMatchObject({ title: 'new', is: 'done' });
});

test('points add up over groups and timed cases', () => {
  const timed: LabEvent = {
    event: 'timed_finished',
    name: 'dequantize Q4_K',
    value: 5.1,
    unit: 'GB/s',
    ratio: 0.85,
    tier: null,
    earned: 5,
    points: 5,
  };
  expect(earnedSoFar(after(groupDone, timed))).toBe(17);
});

test('a polled state that says nothing new leaves the very same progress', () => {
  const progress = after({ event: 'compile_started' });
  expect(fold(progress, { event: 'state', state: 'running', queue_position: null })).toBe(progress);
});
