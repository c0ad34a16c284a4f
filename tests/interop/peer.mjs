// The Waxwing side: waxwing-interop-peer, one request and one answer at a time.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// Not a refusal: the program is gone.
export class PeerEnded extends Error {}

export class Peer {
  constructor(program, seed) {
    this.child = spawn(program, [String(seed)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async ask(what, parameters = {}) {
    this.child.stdin.write(`${JSON.stringify({ do: what, ...parameters })}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new PeerEnded(`waxwing-interop-peer ended over "${what}"`);
    const answer = JSON.parse(value);
    if (answer.refused) throw new Error(answer.refused);
    return answer;
  }

  end() {
    this.child.stdin.end();
  }
}
