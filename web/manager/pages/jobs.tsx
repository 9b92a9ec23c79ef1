import type { Job } from '../../generated/api';
import { useGet } from '../kit/api';
import { Only, useFilter } from '../kit/filter';
import { Head, plainWords, State, To, When } from '../kit/show';
import { Empty, ErrorHint } from '../kit/states';
import { List, type Column } from '../kit/table';

const columns: Column<Job>[] = [
  { id: 'id', title: 'Number', width: '5rem', cell: (one) => one.id, csv: (one) => one.id },
  { id: 'kind', title: 'What', width: '8rem', cell: (one) => plainWords(one.kind), csv: (one) => one.kind },
  { id: 'system', title: 'System', width: '7rem', cell: (one) => (one.system ? <To href={`/systems/${one.system}/history`}>System {one.system}</To> : '–'), csv: (one) => one.system },
  { id: 'state', title: 'State', width: '7rem', cell: (one) => <State value={one.state} />, csv: (one) => one.state },
  { id: 'step', title: 'Step', width: '6rem', cell: (one) => (one.steps ? `${one.step} of ${one.steps}` : '–'), csv: (one) => one.step },
  { id: 'progress', title: 'Progress', width: 'minmax(12rem, 2fr)', cell: (one) => (one.error_code ? <><ErrorHint id={one.error_code} /> {one.error_text}</> : one.progress), csv: (one) => one.error_text || one.progress },
  { id: 'attempt', title: 'Attempt', width: '5rem', cell: (one) => one.attempt, csv: (one) => one.attempt },
  { id: 'created', title: 'Asked for', width: '10rem', cell: (one) => <When at={one.created} />, csv: (one) => one.created },
  { id: 'finished', title: 'Ended', width: '10rem', cell: (one) => <When at={one.finished} />, csv: (one) => one.finished },
];

export default function Jobs() {
  const [filter, set] = useFilter('/jobs');
  const about = useGet('GET /about');
  const counts = about.data?.jobs;
  return (
    <>
      <Head title="Jobs">
        {counts && `${counts.running} running, ${counts.queued} queued, ${counts.waiting} waiting for their systems, ${counts.failed} failed.`}
      </Head>
      <List operation="GET /jobs" name="jobs" cursor="before" query={filter} rows={(page) => page.jobs} columns={columns} id={(one) => one.id} full empty={<Empty title="No jobs" />} tools={<Only label="State" field="state" choices={['queued', 'running', 'waiting', 'succeeded', 'failed'].map((value) => ({ value, label: plainWords(value) }))} filter={filter} set={set} width={200} />} />
    </>
  );
}
