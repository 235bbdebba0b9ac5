import ArgumentParser
import Foundation
import Ledger
import LocalTraining
import Measures
import Models
import Reports
import Tensors
import Topology

/// Tests a model out of a file, and draws the masks that it makes.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Test a model on a topology's test samples, and draw the masks that it makes.",
    discussion: """
      Of clients' own samples it tests with those that are held out, by folders train and test or by the \
      topology's share, all together and client by client. Of a folder that nobody trained on, --all takes all.
      """)

  @Argument(help: "The topology file: which model and which data.")
  var topology: String

  @Option(
    help: ArgumentHelp(
      "The model: a run's model.safetensors or model-best.safetensors, or one made elsewhere.",
      valueName: "file"))
  var from: String

  @Option(
    help: ArgumentHelp(
      """
      Where the clients' own samples are, for a topology of data: {from: clients}: one folder or file, or a path \
      with {client} in it for a client's number, as in 'sites/{client}'.
      """, valueName: "path"))
  var data: String?

  @Flag(help: "Test with all samples at --data, also with those that clients train on.")
  var all = false

  @Option(
    help: ArgumentHelp("Draw images, true masks and predicted ones as PNG.", valueName: "file"))
  var out: String?

  @Option(help: "How many test samples to draw or to write.")
  var samples: Int = 3

  @Option(
    help: ArgumentHelp(
      "Write the samples' inputs and logits as safetensors, to compare with.", valueName: "file"))
  var tensors: String?

  @OptionGroup var overrides: OverrideOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...1000).contains(samples) else {
      throw ValidationError("--samples \(samples): give a number from 1 to 1000")
    }
    guard data != nil || !all else {
      throw ValidationError("--all: only clients' own samples are held out; add --data PATH")
    }
  }

  func run() throws {
    try Exit.reporting {
      let topology = try Topology(contentsOf: topology, overrides: overrides.values)
      let prediction = try prediction(of: topology)
      if let out {
        let masks = try prediction.masks(samples)
        let picture = MaskPicture(
          columns: prediction.columns,
          samples: masks.map { .init(image: $0.image, truth: $0.truth, guess: $0.guess) })
        try DurableFile.write(picture.drawn().png, to: URL(fileURLWithPath: out))
      }
      if let tensors {
        let file = try prediction.tensors(samples)
        try DurableFile.write(file.encoded(), to: URL(fileURLWithPath: tensors))
      }
      let scores = try prediction.scores()
      guard !json else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // The loss of a model that has diverged.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
          positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return print(String(decoding: try encoder.encode(scores), as: UTF8.self))
      }
      print(Self.text(scores))
    }
  }

  /// The predictions for the topology's test samples, or for those at `data`.
  private func prediction(of topology: Topology) throws -> Prediction {
    guard topology.architecture.manifest == nil else {
      throw ValidationError(
        "\(topology.file): model.manifest is of a model that trainer programs compute; ask them")
    }
    guard topology.data.staysWithClients else {
      try topology.refuseOwn(data)
      return try Prediction(try Workload(topology).starting(from: from), from: from)
    }
    guard let data else { throw LackingSamples(topology: topology.file) }
    let own = try OwnData(seenAt: data, of: topology)
    return try Prediction(
      Workload(topology, data: .own(own)).starting(from: from),
      on: Prediction.samples(of: own, includesTraining: all), from: from)
  }

  private static func text(_ scores: Prediction.Scores) -> String {
    let regions = scores.regions.map { "  \($0.name): Dice \($0.dice.fixed(4))" }
    let clients = (scores.clients ?? []).map { "client \($0.client): \(line($0.scores))" }
    return (["stage \(scores.stage), \(line(scores))"] + regions + clients).joined(separator: "\n")
  }

  private static func line(_ scores: Prediction.Scores) -> String {
    var parts = ["accuracy \((100 * scores.accuracy).fixed(2)) %"]
    if let dice = scores.dice { parts.append("Dice \(dice.fixed(4))") }
    parts.append("loss \(scores.loss.fixed(4))")
    return "\(scores.samples) samples: \(parts.joined(separator: ", "))"
  }
}
