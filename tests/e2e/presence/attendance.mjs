// Who is in which room, as those who come and go know it of themselves: the truth that lists of who is
// there are held against.

/**
 * One place of somebody in a room, from a SUBSCRIBE to its end. Times are in milliseconds of one
 * clock; what has not happened yet is at `Infinity`.
 */
export class Visit {
  user;
  room;
  instance;
  /** From here on he may be there: he has asked. */
  asked;
  /** From here to `leaving` he is there for sure: his SUBSCRIBE is answered. */
  entered = Infinity;
  leaving = Infinity;
  /** From here on he is gone for sure: his UNSUBSCRIBE is answered, or the socket is no more. */
  left = Infinity;

  constructor(user, room, instance, asked) {
    Object.assign(this, { user, room, instance, asked });
  }

  ends(at) {
    this.leaving = Math.min(this.leaving, at);
    this.left = Math.min(this.left, at);
  }
}

export class Attendance {
  visits = [];
  /** When instances were killed, by their names. */
  killed = new Map();

  /** Notes that somebody asks to be let in. */
  asks(user, room, instance, at = performance.now()) {
    const visit = new Visit(user, room, instance, at);
    this.visits.push(visit);
    return visit;
  }

  /** Notes that an instance is killed, and with it every place there. */
  dies(instance, at = performance.now()) {
    this.killed.set(instance, at);
    for (const visit of this.visits) if (visit.instance === instance) visit.ends(at);
  }

  /** Who is in a room for sure, while nobody comes or goes. */
  present(room) {
    const open = this.visits.filter((visit) => visit.room === room && visit.leaving === Infinity);
    return new Set(open.filter(({ entered }) => entered < Infinity).map(({ user }) => user));
  }
}
