/// The state of a run at one moment, with all who are there and what each does.
///
/// It is for people and their programs: the screen, the live page, metrics and `progfed status` all
/// show this value. Its JSON has durations in seconds.
package struct Presence: Hashable, Sendable, Codable {
  /// The broker's state.
  package enum State: String, Hashable, Sendable, Codable {
    /// Waiting for clients.
    case waiting
    /// Making the next round's model.
    case preparing
    /// A round is open.
    case open
    /// Saying farewell.
    case ending
  }

  /// The version of the JSON; fields are added without a new one.
  package var format = 1
  /// The run's name.
  package var name = ""
  /// The broker's process; nil where that isn't told.
  package var process: Int?
  /// The time that the run has lasted.
  package var elapsed: Lapse
  /// The broker's state.
  package var state: State
  /// True if no round opens until people say so.
  package var paused: Bool
  /// True if the run stops with the end of the round.
  package var draining: Bool
  /// The open round, or the next, from 1.
  package var round: Int
  /// The stage of the open round, from 1; nil between rounds.
  package var stage: Int?
  /// All rounds of the run.
  package var rounds: Int
  /// The time that the round has been open; nil between rounds.
  package var openFor: Lapse?
  /// The time that is left of the open round; nil between rounds.
  package var left: Lapse?
  /// The clients that were asked in the open round, or for sums over their samples.
  package var selected: Int
  /// The updates that count so far in the open round, or the sums that are here.
  package var accepted: Int
  /// True while clients' samples are measured before the first round; nil otherwise.
  package var measuring: Bool?
  /// The time for which clients have been waited for; nil unless they are.
  package var waitingFor: Lapse?
  /// The fleet's clients.
  package var clients: Int
  /// The clients that are here.
  package var present: Int
  /// The clients here that can take part in the round that is waited for; nil unless one is.
  package var able: Int?
  /// The clients that it takes to begin that round; nil unless one is waited for.
  package var needed: Int?
  /// The clients that it lacks, in words; empty unless one is waited for.
  package var lacking: String
  /// The clients that were excluded, in rising order.
  package var evicted: [Int]
  /// The workers, those that are gone after those that are here.
  package var workers: [Worker]

  /// A worker that joined with some clients.
  package struct Worker: Hashable, Sendable, Codable {
    /// Its number in hexadecimal digits: random, one per process.
    package var number: String
    /// Its name for people.
    package var name: String
    /// The address of its host; nil on this machine, or where that isn't known.
    package var address: String?
    /// Its process on this machine; nil elsewhere.
    package var process: Int?
    /// The time since it joined with the first of these clients.
    package var since: Lapse
    /// The time since it was last heard.
    package var heard: Lapse
    /// The time since its connection ended; nil while it is here.
    package var gone: Lapse?
    /// Its clients in rising order.
    package var clients: [Client]
  }

  /// A client that joined.
  package struct Client: Hashable, Sendable, Codable {
    /// Its number.
    package var client: Int
    /// Its occupation now.
    package var does: Occupation
    /// The time for which its update has been waited for since there were enough of the others;
    /// nil while it isn't late.
    package var late: Lapse?
    /// Its training samples; nil if it didn't say.
    package var samples: Int?
    /// The samples that it holds out; nil if it didn't say.
    package var heldOut: Int?
  }

  /// An occupation of a client, as far as the broker knows.
  package enum Occupation: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing: it isn't asked, or done.
    case idle
    /// It was asked and hasn't answered.
    case asked
    /// Waiting for the model.
    case fetching
    /// Training.
    case training
    /// Evaluating on what it holds out.
    case evaluating
    /// Waiting for leave to send its update.
    case queued
    /// Sending its update, or waiting until that is stored.
    case uploading
    /// Its update counts.
    case done
    /// Its update was refused.
    case refused
    /// It can't take part.
    case declined
    /// At work, or of an idle worker, but not heard for the limit of silence.
    case silent
    /// Its connection ended.
    case gone
  }
}

/// A duration that is written in seconds.
package struct Lapse: Hashable, Sendable, Codable {
  /// The duration.
  package var duration: Duration

  /// A lapse of this duration.
  package init(_ duration: Duration) { self.duration = duration }

  /// Reads seconds.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let seconds = try container.decode(Double.self)
    guard seconds.magnitude < 1e12 else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "too many seconds")
    }
    duration = .milliseconds(Int64((seconds * 1000).rounded()))
  }

  /// Writes seconds, to the millisecond.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    let (seconds, attoseconds) = duration.components
    let milliseconds = (Double(attoseconds) * 1e-15).rounded()
    try container.encode((Double(seconds) * 1000 + milliseconds) / 1000)
  }
}
