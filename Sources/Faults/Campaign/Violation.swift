import Measures

/// A promise that was broken at some moment.
package struct Violation: Hashable, Sendable {
  /// A promise of the protocol.
  package enum Promise: String, Hashable, Sendable {
    /// An update counts for its round and client once or not at all.
    case exactlyOnce = "an update counts once or not at all"
    /// An update that is acknowledged was stored, and is aggregated.
    case durable = "what is acknowledged is durable and counts"
    /// The ledger has all that is kept.
    case booked = "what is kept is in the ledger, whole and in order"
    /// No broker begins under a number that one had before it.
    case incarnation = "an incarnation's number never recurs"
    /// Grants keep to the limit.
    case bounded = "the bytes in flight are limited"
    /// Whoever listens for a client doesn't stand for it.
    case present = "who is gone and doesn't answer isn't present"
    /// A leave to send is used, or goes to others.
    case shared = "who has leave to send sends, or others may"
    /// A round ends by its deadline.
    case punctual = "a round ends by its deadline"
    /// Whoever waits has set an alarm.
    case awake = "who waits for something that may be lost wakes by itself"
    /// A tick makes progress.
    case idle = "a tick does all that is due"
    /// Training begins with the whole model, storing with the whole update.
    case whole = "models and updates are complete before they are used"
    /// A worker keeps its update until it is settled.
    case kept = "an update is kept until it is settled"
    /// Rounds are committed one after the other.
    case inOrder = "rounds are committed in order"
    /// Late updates count up to a staleness.
    case fresh = "no update counts that is too stale"
    /// Over-selection asks for more than it takes.
    case enough = "a round takes no more updates than it is to have"
    /// Nobody trains a deeper sub-model than its memory allows.
    case fits = "nobody trains beyond its memory"
    /// An update is decoded and averaged as what it was trained from.
    case covered = "an update is taken for what it was trained from"
    /// A model that was discarded is gone.
    case sound = "nobody trains from a model that was discarded"
    /// A client's scores of a model count once, and are those of that model.
    case scored = "scores count once, for the model that they are of"
    /// Sums are added once; what is made of them is kept before anybody hears of it, and all train
    /// by it.
    case normalized = "all train by one normalization, made once"
    /// A client remembers what came with its last update that counts.
    case remembered = "a client remembers what came with its last update that counts"
    /// Once the faults are over, all recover and the run ends.
    case live = "after the last fault all recover and the run ends"
  }

  /// The promise.
  package var promise: Promise
  /// The fact that breaks it.
  package var detail: String
  /// The virtual time of that.
  package var time: Duration
}

extension Violation: CustomStringConvertible {
  /// The moment, the promise and what happened.
  package var description: String {
    "at \(time.seconds.fixed(3)) s, broken: \(promise.rawValue): \(detail)"
  }
}
