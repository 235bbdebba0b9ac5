import Federation
import Neural
import Progressive
import Topology

/// The wishes that a trainer program says that it obeys beyond the least.
struct TrainerSupport {
  private let words: Set<String>
  private let optimizers: Set<String>

  /// The support that an answer to `describe` tells.
  init(_ answer: TrainerSession.Answer) {
    words = Self.texts(answer["supports"])
    optimizers = Self.texts(answer["optimizers"])
  }

  private static func texts(_ value: OptionValue?) -> Set<String> {
    guard case .list(let values)? = value else { return [] }
    return Set(values.compactMap(\.words))
  }

  /// The first key of a topology that asks for what the program doesn't obey, and the word that it
  /// lacks; nil where it obeys all.
  ///
  /// What a topology leaves as it is by default isn't asked for.
  func lack(for topology: Topology) -> (key: String, word: String)? {
    let (settings, standard) = (topology.training.settings, TrainingSettings())
    let asked: [(String, Bool, String)] = [
      ("training.correction", topology.training.correction == .scaffold, "correction"),
      ("training.proximal", settings.proximal > 0, "proximal"),
      (
        "training.clipNorm", settings.clipNorm != nil && settings.clipNorm != standard.clipNorm,
        "clipNorm"
      ),
      ("training.lossLimit", settings.lossLimit != standard.lossLimit, "lossLimit"),
      ("stages.ramp", topology.growthSchedule.rampRounds > 0, "rates"),
    ]
    if let lack = asked.first(where: { $0.1 && !words.contains($0.2) }) { return (lack.0, lack.2) }
    let optimizer = settings.optimizer.rawValue
    guard !optimizers.isEmpty, !optimizers.contains(optimizer) else { return nil }
    return ("training.optimizer", optimizer)
  }
}
