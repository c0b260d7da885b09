// npm smpp asks for all that esme.js does not: what is seldom, in 3.3, 3.4 and 5.0. Says in one line of JSON what it saw.
'use strict';

const smpp = require('smpp');

const given = JSON.parse(process.argv[2]);
const HOUR = '000000010000000R';

// A session whose requests are promises; what it is told stands in `heard`, in order, and is answered.
class Peer {
  constructor() {
    this.heard = [];
    this.session = smpp.connect({ url: given.url });
    this.session.on('error', (error) => { throw error; });
    this.session.on('deliver_sm', (pdu) => { this.heard.push(pdu); this.session.send(pdu.response()); });
    this.session.on('alert_notification', (pdu) => this.heard.push(pdu));
  }

  ask(command, fields = {}) {
    return new Promise((resolve) => { this.session[command](fields, resolve); });
  }

  async bind(how, version) {
    const bound = await this.ask(`bind_${how}`, { system_id: given.system_id, password: given.password, interface_version: version });
    if (bound.command_status) throw new Error(`bind_${how}: ${bound.command_status}`);
    return bound;
  }

  async hear(fits) {
    for (const giveUp = Date.now() + 30000; Date.now() < giveUp;) {
      const found = this.heard.find(fits);
      if (found) return found;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    throw new Error(`not heard: ${fits}, only ${JSON.stringify(this.heard)}`);
  }

  async leave() {
    await this.ask('unbind');
    this.session.close();
  }
}

const text = (pdu) => String(pdu.short_message.message);
const about = (id) => (pdu) => pdu.command === 'deliver_sm' && text(pdu).startsWith(`id:${id} `);
const told = (pdu) => [pdu.esm_class, text(pdu).match(/stat:(\S+)/)[1], text(pdu).match(/err:(\S+)/)[1]];
const submit = (to, more = {}) => ({ source_addr: '1000', destination_addr: to, short_message: 'hello', ...more });

async function in34() {
  const peer = new Peer();
  await peer.bind('transceiver', 0x34);
  const saw = {};
  const data = await peer.ask('data_sm', {
    source_addr: '1000', destination_addr: given.delivers, registered_delivery: 1, message_payload: 'by data_sm',
  });
  saw.data_sm = [data.command_status, told(await peer.hear(about(data.message_id)))];

  const many = await peer.ask('submit_multi', {
    source_addr: '1000', short_message: 'to many', registered_delivery: 1,
    dest_address: [{ destination_addr: given.delivers }, { destination_addr: '4917099999' }, { destination_addr: given.echo, dest_addr_ton: 1 }],
  });
  saw.submit_multi = [many.command_status, many.unsuccess_sme.map((each) => [each.destination_addr, each.error_status_code])];
  await peer.hear(about(many.message_id));

  // bits 1 and 0 of registered_delivery: 1 always, 2 on failure
  const refused = await peer.ask('submit_sm', submit(given.undeliverable, { registered_delivery: 2 }));
  const receipt = await peer.hear(about(refused.message_id));
  saw.failure = [...told(receipt), receipt.message_state, receipt.source_addr, receipt.destination_addr];
  const silent = [
    await peer.ask('submit_sm', submit(given.delivers, { registered_delivery: 2 })),
    await peer.ask('submit_sm', submit(given.undeliverable)),
  ];

  // bit 4: an intermediate notification; then what is back is told
  const absent = await peer.ask('submit_sm', submit(given.sleeps, { registered_delivery: 0x11 }));
  saw.intermediate = told(await peer.hear((pdu) => about(absent.message_id)(pdu) && pdu.esm_class === 0x20));
  const alert = await peer.hear((pdu) => pdu.command === 'alert_notification');
  saw.alert = [alert.source_addr, alert.ms_availability_status];
  saw.delivered = told(await peer.hear((pdu) => about(absent.message_id)(pdu) && pdu.esm_class === 4));

  // the library says data_coding 1 and writes GSM septets
  await peer.ask('submit_sm', submit(given.echo, { short_message: '[on] 5 € a_b@c' }));
  const spoken = (pdu) => pdu.command === 'deliver_sm' && pdu.source_addr === given.echo && !pdu.esm_class;
  saw.echo = text(await peer.hear((pdu) => spoken(pdu) && text(pdu) !== 'to many'));

  const wrong = await peer.ask('submit_sm', submit(given.delivers, { validity_period: 'nonsense' }));
  saw.refusals = [wrong.command_status, (await peer.ask('query_sm', { message_id: '987654321', source_addr: '1000' })).command_status];
  saw.silent = silent.map((each) => [each.command_status, peer.heard.filter(about(each.message_id)).length]);
  await peer.leave();
  return saw;
}

async function in50() {
  const peer = new Peer();
  const saw = { version: (await peer.bind('transceiver', 0x50)).sc_interface_version };
  const later = await peer.ask('submit_sm', submit(given.delivers, { registered_delivery: 1, schedule_delivery_time: HOUR }));
  saw.congestion = later.congestion_state;
  const id = { message_id: later.message_id, source_addr: '1000' };
  const state = async () => { const found = await peer.ask('query_sm', id); return [found.command_status, found.message_state]; };
  saw.scheduled = await state();
  const replaced = await peer.ask('replace_sm', { ...id, registered_delivery: 1, schedule_delivery_time: HOUR, short_message: 'another' });
  const canceled = await peer.ask('cancel_sm', { ...id, destination_addr: given.delivers });
  saw.changed = [replaced.command_status, canceled.command_status, (await peer.ask('cancel_sm', { ...id, destination_addr: given.delivers })).command_status];
  saw.canceled = await state();
  saw.receipt = told(await peer.hear(about(later.message_id)));
  saw.broadcast = (await peer.ask('broadcast_sm', { source_addr: '1000', message_id: '1' })).command_status;
  const refused = await peer.ask('submit_sm', submit('4917099999'));
  saw.refused = [refused.command_status, refused.additional_status_info_text];
  await peer.leave();
  return saw;
}

async function in33() {
  const [sends, hears] = [new Peer(), new Peer()];
  const bound = await sends.bind('transmitter', 0x33);
  await hears.bind('receiver', 0x33);
  const taken = await sends.ask('submit_sm', submit(given.delivers, { registered_delivery: 1 }));
  const receipt = await hears.hear(about(taken.message_id));
  const found = await sends.ask('query_sm', { message_id: taken.message_id, source_addr: '1000' });
  const saw = {
    tlvs: [bound.sc_interface_version, receipt.receipted_message_id, receipt.message_state].map((each) => each ?? null),
    id: taken.message_id, receipt: told(receipt), state: found.message_state,
    out_of_turn: (await hears.ask('submit_sm', submit(given.delivers))).command_status,
  };
  await sends.leave();
  await hears.leave();
  return saw;
}

async function main() {
  console.log(JSON.stringify({ in34: await in34(), in50: await in50(), in33: await in33() }));
}

main().catch((error) => { console.error(error); process.exit(1); });
