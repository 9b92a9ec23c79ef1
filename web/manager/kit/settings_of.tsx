// The settings that a system reports, each beside what the plan makes of it and what is kept for it. Looked at when it is shown.
import { Button, Group, SegmentedControl } from '@mantine/core';
import { RefreshCw } from 'lucide-react';
import type { ReportedSetting } from '../../generated/api';
import { useGet } from './api';
import { SearchBox, useFilter } from './filter';
import { Card, plainWords, State, When } from './show';
import { Empty, Loaded } from './states';
import { Short } from './table';

const shown = (value: string | null) => (value === null ? <span className="dimmed">(not said)</span> : value === '' ? <span className="dimmed">(empty)</span> : <code>{value}</code>);
const has = (one: ReportedSetting, words: string) =>
  words
    .toLowerCase()
    .split(' ')
    .every((word) => [one.name, one.path, one.value].some((text) => text?.toLowerCase().includes(word)));

export function SettingsOf({ system }: { system: number }) {
  const [{ show, find }, set] = useFilter(`/systems/${system}/settings`, { show: 'all', find: '' });
  const reported = useGet('GET /systems/{id}/settings', { params: { id: system } });
  return (
    <Card
      title="What the system itself says"
      aside={
        <Group align="end">
          <SearchBox label="Find a setting" value={find} set={(text) => set({ find: text })} />
          <SegmentedControl aria-label="Which settings" size="xs" value={show} onChange={(next) => set({ show: next })} data={[{ value: 'all', label: 'All' }, { value: 'changes', label: 'The plan changes them' }, { value: 'kept', label: 'Kept' }]} />
          <Button size="xs" variant="default" leftSection={<RefreshCw size={14} />} loading={reported.isFetching} onClick={() => reported.refetch()}>
            Ask it again
          </Button>
        </Group>
      }
    >
      <Loaded of={reported} operation="GET /systems/{id}/settings" lines={10}>
        {(all) => {
          const rows = all.settings.filter((one) => has(one, find) && (show !== 'changes' || one.wanted !== null) && (show !== 'kept' || one.kept !== null));
          return (
            <div className="stack">
              <p className="dimmed">
                Said <When at={all.at} with_ago /> over a channel that is {all.channel === 'none' ? 'not verified' : plainWords(all.channel)}. {all.restart_pending && 'Something of it is in effect after the next restart only.'}
              </p>
              {rows.length === 0 ? (
                <Empty title={show === 'changes' && find === '' ? 'The plan changes none of its settings' : 'No setting is like that'} />
              ) : (
                <Short
                  label="Settings of the system"
                  heads={['Setting', 'In its words', 'Now', 'Then']}
                  rows={rows.map((one) => [
                    one.name || '–',
                    one.path || '–',
                    shown(one.value),
                    <>
                      {one.wanted !== null && (
                        <>
                          {shown(one.wanted)} <span className="small">{one.why}</span>
                        </>
                      )}
                      {one.kept !== null && <State value="kept" tone="plain" label={`kept at ${one.kept || '(empty)'}`} />}
                      {one.wanted === null && one.kept === null && <span className="dimmed">stays</span>}
                    </>,
                  ])}
                />
              )}
            </div>
          );
        }}
      </Loaded>
    </Card>
  );
}
