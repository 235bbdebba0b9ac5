public import Tensors

/// Values that a run starts from in place of random ones: blocks and heads out of a safetensors
/// file.
///
/// A tensor's name is its segment's and its own: "block1.conv1.weight". A file holds the blocks 1
/// … k of the architecture, k at least 1, and any of its heads; what it holds of a block or head
/// must be all of it. What it doesn't hold begins at random. What PyTorch's state dictionaries have
/// beside our tensors, a normalization's `num_batches_tracked`, is passed over.
public struct StartingModel: Sendable {
  /// The segments of the file, by name: "block1", "head3".
  public let segments: [String: ParameterVector]
  /// The words that the file has beside its tensors, by name.
  public let metadata: [String: String]

  /// Takes from `file` what `architecture` needs, and checks all of it.
  ///
  /// - Throws: Everything that is wrong with the file's tensors.
  public init(
    _ file: SafeTensors, for architecture: Architecture
  ) throws(StartingModelError) {
    let layouts = architecture.allLayouts
    var problems: [StartingModelError.Problem] = []
    var segments: [String: ParameterVector] = [:]
    var unknown = Set(file.tensors.keys).union(file.bytes.keys).union(file.unread.keys)
    for layout in layouts {
      let names = layout.parameters.map { "\(layout.name).\($0.name)" }
      let isThere = names.contains(where: unknown.contains)
      unknown.subtract(names)
      unknown.subtract(Self.counters(of: layout))
      guard isThere else { continue }
      var scalars: [Float] = []
      scalars.reserveCapacity(layout.count)
      for (name, parameter) in zip(names, layout.parameters) {
        guard let tensor = file.tensors[name] else {
          let found = file.foreign(name).map {
            StartingModelError.Problem.type(name, found: $0, needed: parameter.shape)
          }
          problems.append(found ?? .missing(name, needed: parameter.shape))
          continue
        }
        if tensor.shape != parameter.shape {
          problems.append(.shape(name, found: tensor.shape, needed: parameter.shape))
        } else if let place = tensor.scalars.firstIndex(where: { !$0.isFinite }) {
          problems.append(.notFinite(name, place: place))
        }
        scalars += tensor.scalars
      }
      guard scalars.count == layout.count else { continue }
      segments[layout.name] = ParameterVector(layout: layout, scalars: scalars)
    }
    problems += unknown.sorted().map { name in
      .unknown(
        name,
        found: file.foreign(name)
          ?? SafeTensors.UnreadTensor(
            type: file.narrowed[name] ?? "F32", shape: file.tensors[name]?.shape.dimensions ?? []))
    }
    if problems.isEmpty {
      let known = (1...architecture.stages).map { segments["block\($0)"] != nil }
      if !known[0] {
        problems.append(.noBlock("block1"))
      } else if let gap = known.firstIndex(of: false), known[gap...].contains(true) {
        problems.append(.noBlock("block\(gap + 1)"))
      }
    }
    guard problems.isEmpty else {
      throw StartingModelError(model: architecture.name, problems: problems)
    }
    self.segments = segments
    metadata = file.metadata
  }

  /// The tensors of a file, before they are read, that `architecture` has no place for.
  public static func unknown(
    in contents: [String: SafeTensors.UnreadTensor], of architecture: Architecture
  ) -> [StartingModelError.Problem] {
    let known = architecture.allLayouts.flatMap { layout in
      layout.parameters.map { "\(layout.name).\($0.name)" } + counters(of: layout)
    }
    return Set(contents.keys).subtracting(known).sorted().compactMap { name in
      contents[name].map { .unknown(name, found: $0) }
    }
  }

  /// The names of PyTorch's counters of the batches behind a normalization's running means, which
  /// are no parameters of ours.
  private static func counters(of layout: ParameterLayout) -> [String] {
    let mean = ".running_mean"
    return layout.parameters.filter { $0.name.hasSuffix(mean) }.map {
      "\(layout.name).\($0.name.dropLast(mean.count)).num_batches_tracked"
    }
  }

  /// The largest stage whose sub-model is there whole; nil if there is none.
  public var stage: Int? {
    (1...max(1, segments.count)).last { stage in
      segments["head\(stage)"] != nil
        && (1...stage).allSatisfy { segments["block\($0)"] != nil }
    }
  }

  /// The values of a stage's segments, in the order of the wire; nil if one isn't there.
  public func parameters(of layouts: [ParameterLayout]) -> [ParameterVector]? {
    let found = layouts.compactMap { segments[$0.name] }
    return found.count == layouts.count ? found : nil
  }
}

extension SafeTensors {
  /// The tensor of a name whose scalars aren't numbers that are read.
  fileprivate func foreign(_ name: String) -> UnreadTensor? {
    unread[name] ?? bytes[name].map { UnreadTensor(type: "U8", shape: [$0.count]) }
  }
}

extension Architecture {
  /// The parameters of all blocks and all heads, also of those that never meet in one sub-model.
  public var allLayouts: [ParameterLayout] {
    layouts(stage: stages).dropLast() + (1...stages).compactMap { layouts(stage: $0).last }
  }
}
