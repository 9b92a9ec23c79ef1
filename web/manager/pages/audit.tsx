import type { AuditRecord } from '../../generated/api';
import { useGet } from '../kit/api';
import { useMay } from '../kit/session';
import { Head, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';

const columns: Column<AuditRecord>[] = [
  { id: 'id', title: 'Number', width: '5rem', cell: (one) => one.id, csv: (one) => one.id },
  { id: 'at', title: 'When', width: '12rem', cell: (one) => <When at={one.at} />, csv: (one) => one.at },
  { id: 'actor', title: 'Who', width: 'minmax(8rem, 1fr)', cell: (one) => one.actor, csv: (one) => one.actor },
  { id: 'action', title: 'What', width: 'minmax(9rem, 1fr)', cell: (one) => <code>{one.action}</code>, csv: (one) => one.action },
  { id: 'subject', title: 'On what', width: 'minmax(9rem, 1fr)', cell: (one) => one.subject, csv: (one) => one.subject },
  { id: 'detail', title: 'Details', width: 'minmax(14rem, 3fr)', cell: (one) => one.detail, csv: (one) => one.detail },
];

export default function Audit() {
  const may = useMay();
  const head = useGet('GET /audit/head', {}, { enabled: may('GET /audit/head') });
  return (
    <>
      <Head title="Audit trail">{head.data && `${head.data.count.toLocaleString('en')} records, each a link of a chain; the newest has the number ${head.data.newest}. The command “countersign audit verify” checks the whole chain.`}</Head>
      <List operation="GET /audit" name="audit" cursor="before" nextOf={(page) => (page.records.length >= 100 ? page.records.at(-1).id : null)} rows={(page) => page.records} columns={columns} id={(one) => one.id} full empty={<Empty title="No records" />} />
    </>
  );
}
