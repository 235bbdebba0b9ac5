import Datasets
import Tensors

extension DataSection {
  /// The values on which the clients' training depends, as a plan has them.
  var planLines: [PlanText.Line] {
    var lines: [(String, String)] = []
    switch source {
    case .collection(let collection): lines += Self.lines(of: collection)
    case .here(_, let format):
      lines.append(("from", "here"))
      lines += format.planLines
    case .clients(let format):
      lines.append(("from", "clients"))
      lines += format.planLines
    case .trainer: lines.append(("from", "trainer"))
    }
    if !source.isCollection { lines.append(("holdOut", holdOut.setting(seed: holdOutSeed))) }
    if !staysWithClients { lines.append(("partition", partition.setting)) }
    if !source.isTrainers { lines.append(("augmentation", augmentation.setting)) }
    if !staysWithClients {
      lines.append(("limit.train", limit.train.map { "\($0)" } ?? "none"))
    }
    if telling.unit != 1 { lines.append(("roundSamples", "\(telling.unit)")) }
    if telling.labels { lines.append(("labelCounts", "true")) }
    return lines.map { PlanText.Line("data.\($0.0)", $0.1) }
  }

  /// Somebody's own samples in words; nil for a known data set.
  var ownText: String? {
    if source.isTrainers { return "samples of the clients' own, which trainer programs have" }
    guard let format = source.format, let labels = format.labels else { return nil }
    let most = 20
    let names = labels.names.prefix(most).joined(separator: ", ")
    let others = labels.names.count > most ? " and \(labels.names.count - most) others" : ""
    let kind = labels.isSegmentation ? "labels of pixels" : "classes"
    let owner = source.path.map { "samples of \($0)" } ?? "samples of the clients' own"
    let measured =
      isMeasuredByClients
      ? "; normalized by sums that the clients report before the first round" : ""
    return "\(owner): \(facts.input), \(facts.classes) \(kind): \(names)\(others)\(measured)"
  }

  /// The facts that come of the name of a data set.
  var factLines: [PlanText.Line] {
    guard source.isCollection, let normalization = facts.normalization else { return [] }
    return [PlanText.Line("data.normalization", normalization.setting)]
  }

  private static func lines(of collection: NamedCollection) -> [(String, String)] {
    let (name, options) = (collection.name, collection.options)
    var lines = [("name", name)]
    if ["icbm152", "brats", "nifti"].contains(name) {
      let slices = options.slices ?? standardSlices(of: name)
      lines.append(("slices", slices.setting))
    }
    switch name {
    case "brats": lines.append(("classes", options.classes == 5 ? "5" : "4"))
    case "icbm152":
      lines += [("sites", "\(options.sites)"), ("siteSeed", "\(options.siteSeed)")]
    case "nifti":
      lines += [("modalities", "\(options.modalities)"), ("classes", "\(options.classes)")]
    case "synthetic":
      let images = options.synthetic
      lines += [
        ("synthetic.shape", "\(images.input.dimensions)"),
        ("synthetic.classes", "\(images.classes)"), ("synthetic.train", "\(images.trainCount)"),
        ("synthetic.masks", "\(images.isSegmentation)"), ("synthetic.seed", "\(images.seed)"),
      ]
    default: break
    }
    return lines
  }

  /// The augmentation as one text, which programs know that read a plan's JSON.
  var augmentationText: String {
    let crop = augmentation.crop.map { "\($0.height)×\($0.width)" } ?? "none"
    let jitter =
      augmentation.jitter.map { "\($0.brightness) \($0.contrast) \($0.saturation)" } ?? "none"
    return "crop \(crop), padding \(augmentation.padding), flips \(augmentation.flips), "
      + "jitter \(jitter)"
  }
}

extension SliceGeometry {
  /// The value of the key, with all that may be left out of it.
  var setting: String {
    FlowText.section([
      ("rows", "\(rows)"), ("columns", "\(columns)"), ("step", "\(step)"), ("every", "\(every)"),
    ])
  }
}
