import Measures
import Wire

/// A reason for which a trainer program that was asked gave no answer of use.
package enum TrainerFault: Error, Hashable, Sendable {
  /// It couldn't be started.
  case notStarted(String)
  /// It ended before it answered, in the words of people: "status 1".
  case ended(String)
  /// It was silent for so long.
  case silent(Duration)
  /// Its answer isn't one, for this reason.
  case nonsense(String)
  /// The file that it wrote isn't what was asked for, for this reason.
  case badFile(String)
  /// It wrote numbers that aren't finite.
  case notFinite
  /// It answered with an error of this name.
  case answered(String, detail: String)
  /// Its answer was no longer needed, and it gave none.
  case cancelled

  /// The reason by which a client declines.
  var reason: DeclineReason {
    switch self {
    case .notFinite, .answered("diverged", _): .diverged
    case .answered("noData", _): .noData
    case .answered("badData", _): .badData
    case .notStarted, .ended, .silent, .nonsense, .badFile, .answered, .cancelled: .failed
    }
  }

  /// True if the program may go on after it.
  var leavesProgram: Bool { if case .answered = self { true } else { false } }

  /// The words for people on this machine alone: the program's own words may name samples.
  var detail: String {
    switch self {
    case .answered(let word, let detail): "it answers \(word): \(detail)"
    case .notStarted(let reason): "it can't be started: \(reason)"
    default: "it \(predicate)"
    }
  }

  private var predicate: String {
    switch self {
    case .notStarted: "can't be started"
    case .ended(let words): "ended with \(words) before it answered"
    case .silent(let time): "was silent for \(time.seconds.fixed(1)) s"
    case .nonsense(let reason): "answered what isn't an answer: \(reason)"
    case .badFile(let reason): "wrote a file that isn't what was asked for: \(reason)"
    case .notFinite: "wrote numbers that aren't finite"
    case .answered(let word, _): "answers \(word)"
    case .cancelled: "didn't stop when its answer was no longer needed"
    }
  }
}

extension TrainerFault: CustomStringConvertible {
  /// The fault, without anything of the samples or of this machine: a broker is told it.
  package var description: String { "its trainer program \(predicate)" }
}

/// A reason for which no trainer program can compute for the clients of this process.
package enum TrainerStartError: Error, Hashable, Sendable {
  /// The topology names no program.
  case noProgram(topology: String)
  /// The program failed before there was anything to train.
  case failed(program: String, problem: String, words: [String])
  /// The program doesn't obey what a key of the topology asks for; the word that it lacks.
  case unsupported(topology: String, key: String, word: String)
  /// The program's model isn't the one that is to be trained; the first thing that differs.
  case otherModel(program: String, difference: String)
}

extension TrainerStartError: CustomStringConvertible {
  /// The fault, and the remedy.
  package var description: String {
    switch self {
    case .noProgram(let topology):
      "\(topology): model.manifest is of a model that a program has to train, and none is named; write "
        + "training: {program: [python3, train.py]}, or give --set 'training.program=[python3, train.py]'"
    case .failed(let program, let problem, let words):
      "\(program): the trainer program is of no use: \(problem)"
        + words.map { "\n  \($0)" }.joined()
    case .unsupported(let topology, let key, let word):
      "\(topology): \(key) asks for “\(word)”, which the trainer program doesn't say that it supports; "
        + "remove the key, or have the program support it"
    case .otherModel(let program, let difference):
      "\(program): the trainer program has another model than model.manifest: \(difference); "
        + "progfed describe writes the manifest of the program's model"
    }
  }
}
