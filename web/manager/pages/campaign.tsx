// One campaign while it runs and afterwards: its waves, its systems, stop, confirm, roll back.
import { Alert, Button } from '@mantine/core';
import { Check, Pause, Play, Square, Undo2 } from 'lucide-react';
import type { Campaign, CampaignRollbackPlan, CampaignSystem } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { carry, useAsk } from '../kit/ask';
import { Only, useFilter } from '../kit/filter';
import { CampaignProgress } from '../kit/progress';
import { useMay } from '../kit/session';
import { Card, Fact, Facts, Head, Level, plainWords, several, State, To, When } from '../kit/show';
import { Empty, ErrorHint, Loaded } from '../kit/states';
import { List, type Column } from '../kit/table';

const columns: Column<CampaignSystem>[] = [
  { id: 'name', title: 'System', width: 'minmax(10rem, 1.5fr)', cell: (one) => <To href={`/systems/${one.system}`}>{one.name}</To>, csv: (one) => one.name },
  { id: 'wave', title: 'Wave', width: '5rem', cell: (one) => one.wave || 'Canary', csv: (one) => one.wave },
  { id: 'state', title: 'State', width: '9rem', cell: (one) => <State value={one.state} />, csv: (one) => one.state },
  { id: 'level', title: 'Level', width: '8rem', cell: (one) => <><Level level={one.from_level} /> → <Level level={one.level} /></>, csv: (one) => one.level },
  { id: 'error', title: 'What went wrong', width: 'minmax(12rem, 2fr)', cell: (one) => (one.error_code ? <><ErrorHint id={one.error_code} /> {one.error_text}</> : one.note), csv: (one) => one.error_text },
  { id: 'confirm_by', title: 'Goes back at', width: '10rem', cell: (one) => <When at={one.confirm_by} />, csv: (one) => one.confirm_by },
  { id: 'finished', title: 'Ended', width: '10rem', cell: (one) => <When at={one.finished} />, csv: (one) => one.finished },
];

const reasons: Record<string, string> = {
  by_hand: 'A person paused it.',
  canary_failed: 'A canary failed: look at its cause before more systems are touched.',
  too_many_failures: 'Too many systems failed.',
  not_confirmed: 'Nobody confirmed what was proven in time; those systems went back.',
  rolled_back: 'A wave was rolled back.',
};

/** Of the systems that a roll-back takes back: a wave can hold thousands. */
const shownAtOnce = 30;
const waveName = (wave: number) => (wave === 0 ? 'the canaries' : `wave ${wave}`);

function Actions({ campaign }: { campaign: Campaign }) {
  const may = useMay();
  const ask = useAsk();
  const params = { id: campaign.id };
  const counts = campaign.counts as Record<string, number>;
  const over = campaign.state === 'done' || campaign.state === 'cancelled';
  const waves = Array.from({ length: Math.max(1, Math.min(campaign.wave + 1, campaign.waves)) }, (_, wave) => ({ value: String(wave), label: waveName(wave) }));
  if (!may('POST /campaigns/{id}/pause')) return null;
  const outlookOf = (wave: number) => call('GET /campaigns/{id}/rollback', { params, query: { wave } });
  const rollBack = (wave: number, outlook: CampaignRollbackPlan) =>
    ask({
      title: `Roll ${waveName(wave)} back`,
      danger: true,
      size: 'lg',
      button: 'Roll back',
      done: 'The systems are being taken back.',
      text:
        outlook.systems.length === 0 ? (
          'There is nothing to take back in it.'
        ) : (
          <>
            <p>{several(outlook.systems.length, 'system')}:</p>
            <ul>
              {outlook.systems.slice(0, shownAtOnce).map((one: any) => (
                <li key={one.system}>
                  <b>{one.name}</b>: {one.undone.join(' ') || 'nothing is undone'} {one.stays.length > 0 && <span className="dimmed">Stays: {one.stays.join(' ')}</span>}
                </li>
              ))}
            </ul>
            {outlook.systems.length > shownAtOnce && <p>And {several(outlook.systems.length - shownAtOnce, 'more system')}. Each of them is in the list of the campaign.</p>}
          </>
        ),
      run: () => call('POST /campaigns/{id}/rollback', { params, body: { wave } }),
    });
  return (
    <>
      {campaign.state === 'running' && (
        <Button variant="default" leftSection={<Pause size={16} />} onClick={() => ask({ title: 'Pause the campaign', text: 'No more systems are begun; those under way come to their end.', button: 'Pause', run: () => call('POST /campaigns/{id}/pause', { params }) })}>
          Pause
        </Button>
      )}
      {campaign.state === 'paused' && (
        <Button leftSection={<Play size={16} />} onClick={() => ask({ title: 'Go on', text: 'The failures so far count no more.', button: 'Go on', fields: [{ name: 'retry', label: 'Also try again what failed or went back', kind: 'check' }], run: ({ retry }) => call('POST /campaigns/{id}/resume', { params, body: { retry: Boolean(retry) } }) })}>
          Go on
        </Button>
      )}
      {(counts.proven ?? 0) > 0 && (
        <Button leftSection={<Check size={16} />} onClick={() => ask({ title: 'Confirm', text: `${several(counts.proven, 'system')} are proven. Confirmed, they stay as they are; else they go back by themselves.`, button: 'Confirm', fields: [{ name: 'wave', label: 'Only', kind: 'choice', choices: waves }], run: ({ wave }) => call('POST /campaigns/{id}/confirm', { params, body: wave === undefined ? {} : { wave: Number(wave) } }) })}>
          Confirm
        </Button>
      )}
      {!over && (
        <Button variant="default" color="red" leftSection={<Square size={16} />} onClick={() => ask({ title: 'Stop the campaign', danger: true, text: 'It ends: what is on trial goes back, what is confirmed stays.', button: 'Stop it', done: 'The campaign is stopped.', run: () => call('POST /campaigns/{id}/cancel', { params }) })}>
          Stop
        </Button>
      )}
      <Button variant="default" leftSection={<Undo2 size={16} />} onClick={() => (waves.length === 1 ? void carry(outlookOf(0).then((outlook) => rollBack(0, outlook))) : ask({ title: 'Roll back', text: 'What it would take back is shown first.', button: 'Show', fields: [{ name: 'wave', label: 'Which', kind: 'choice', required: true, value: waves.at(-1)!.value, choices: waves }], run: async ({ wave }) => { const outlook = await outlookOf(Number(wave)); setTimeout(() => rollBack(Number(wave), outlook), 250); } }))}>
        Roll back
      </Button>
    </>
  );
}

export default function CampaignPage({ id }: { id: string }) {
  const campaign = useGet('GET /campaigns/{id}', { params: { id } }, { refetchInterval: 10_000 });
  const report = useGet('GET /campaigns/{id}/report', { params: { id } });
  const [filter, set] = useFilter(`/campaigns/${id}`);
  return (
    <Loaded of={campaign} lines={8} operation="GET /campaigns/{id}">
      {(one) => (
        <>
          <Head title={one.name} crumbs={[['Campaigns', '/campaigns']]} actions={<Actions campaign={one} />}>
            <State value={one.state} /> {several(one.systems, 'system')} · goal: {one.settings.mode} · started by {one.created_by}, <When at={one.created} with_ago />
          </Head>
          <div className="stack" data-ready="campaign">
            {one.reason && (
              <Alert color="orange" title={plainWords(one.reason)}>
                {reasons[one.reason]}
              </Alert>
            )}
            <Card title={one.state === 'running' ? one.wave === 0 ? 'Under way: the canaries' : `Under way: wave ${one.wave} of ${one.waves - 1}` : 'Progress'}>
              <CampaignProgress campaign={one} />
              {one.waits_until && <p>Nothing starts before <When at={one.waits_until} />.</p>}
            </Card>
            <Loaded of={report}>
              {(told) =>
                told.attention.length === 0 ? null : (
                  <Card title="These need a person">
                    <ul>
                      {told.attention.map((member) => (
                        <li key={member.system}>
                          <To href={`/systems/${member.system}`}>{member.name}</To> <State value={member.state} /> {member.error_text}{' '}
                          {member.state === 'proven' && <>Confirm it, or it goes back at <When at={member.confirm_by} />. </>}
                          <span className="dimmed">{member.remedy}</span>
                        </li>
                      ))}
                    </ul>
                  </Card>
                )
              }
            </Loaded>
            <List
              operation={`GET /campaigns/{id}/systems`}
              params={{ id }}
              name="systems-of-the-campaign"
              query={filter}
              rows={(page) => page.systems}
              columns={columns}
              id={(row) => row.system}
              empty={<Empty title="No system in this state" />}
              tools={<Only label="State" field="state" choices={Object.keys(one.counts).map((value) => ({ value, label: plainWords(value) }))} filter={filter} set={set} width={200} />}
            />
            <Card title="Settings">
              <Facts>
                <Fact name="Selection">{one.settings.selection}</Fact>
                <Fact name="Waves">{one.settings.waves.join(', ')}</Fact>
                <Fact name="Stops at">{one.settings.stop_on}</Fact>
                <Fact name="Confirmed by">{one.settings.confirm}</Fact>
                <Fact name="At once">{one.settings.at_once}</Fact>
                <Fact name="Trial">{one.settings.trial_seconds} s</Fact>
                <Fact name="Windows">{one.settings.windows.join(', ')}</Fact>
              </Facts>
            </Card>
          </div>
        </>
      )}
    </Loaded>
  );
}
