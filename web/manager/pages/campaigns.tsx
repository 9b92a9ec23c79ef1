import { Button } from '@mantine/core';
import { Link } from 'wouter';
import type { Campaign } from '../../generated/api';
import { useMay } from '../kit/session';
import { Head, plainWords, State, To, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';

const columns: Column<Campaign>[] = [
  { id: 'name', title: 'Name', width: 'minmax(12rem, 2fr)', cell: (one) => <To href={`/campaigns/${one.id}`}>{one.name}</To>, csv: (one) => one.name },
  { id: 'state', title: 'State', width: '7rem', cell: (one) => <State value={one.state} />, csv: (one) => one.state },
  { id: 'reason', title: 'Why', width: '9rem', cell: (one) => (one.reason ? plainWords(one.reason) : '–'), csv: (one) => one.reason },
  { id: 'mode', title: 'Goal', width: '6rem', cell: (one) => one.settings.mode, csv: (one) => one.settings.mode },
  { id: 'systems', title: 'Systems', width: '6rem', cell: (one) => one.systems, csv: (one) => one.systems },
  { id: 'wave', title: 'Wave', width: '6rem', cell: (one) => `${one.wave} of ${one.waves - 1}`, csv: (one) => one.wave },
  { id: 'by', title: 'Started by', width: '9rem', cell: (one) => one.created_by, csv: (one) => one.created_by },
  { id: 'created', title: 'Started', width: '11rem', cell: (one) => <When at={one.created} />, csv: (one) => one.created },
  { id: 'finished', title: 'Ended', width: '11rem', cell: (one) => <When at={one.finished} />, csv: (one) => one.finished },
];

export default function Campaigns() {
  const may = useMay();
  return (
    <>
      <Head title="Campaigns" actions={may('POST /campaigns') && <Button component={Link} href="/secure-only">Plan a campaign</Button>}>
        From one state of the estate to another, in waves, with a way back.
      </Head>
      <List operation="GET /campaigns" name="campaigns" cursor="before" rows={(page) => page.campaigns} columns={columns} id={(one) => one.id} href={(one) => `/campaigns/${one.id}`} full empty={<Empty title="No campaign was started yet">The plan for one is made at <To href="/secure-only">Secure-Only</To>.</Empty>} />
    </>
  );
}
