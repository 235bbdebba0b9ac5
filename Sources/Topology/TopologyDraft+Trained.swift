import Federation
import Progressive

extension TopologyDraft {
  /// Reports what can't be done with a model that only trainer programs can compute; false where
  /// its samples are others than theirs.
  func checkTrained(_ section: DataSection, _ reading: Reading) -> Bool {
    if evaluation.gradient > 0 {
      reading.report(
        "evaluation.gradient",
        "evaluation.gradient takes a gradient at the broker, which can't compute a manifest's model",
        remedy: "remove it")
    }
    if evaluation.perClass {
      reading.report(
        "evaluation.perClass",
        "evaluation.perClass isn't told by trainer programs", remedy: "remove it")
    }
    if stages.entry == .continued {
      reading.report(
        "stages.entry",
        "stages.entry is continued, which needs to know a block's layers; a manifest has none",
        remedy: "write headFrom or blockFrom in the manifest, or stages.entry: random")
    }
    guard section.source.isTrainers else {
      reading.report(
        "data",
        "data says where samples are, but model.manifest is trained by programs that have their own",
        remedy: "remove data, or write data: {from: trainer}")
      return false
    }
    return true
  }

  /// Reports samples and programs of trainers where the program's own models are trained.
  func checkOwnModel(_ section: DataSection, _ reading: Reading) {
    guard model.manifest == nil, reading.isSound("model") else { return }
    if section.source.isTrainers {
      reading.report(
        "data.from",
        "data.from is trainer, but model.name is of a model that progfed trains itself",
        remedy: "write where the samples are, or model: {manifest: net.yaml}")
    }
    if training.program != nil {
      reading.report(
        "training.program",
        "training.program trains models of a manifest, but model.name is of one that progfed trains",
        remedy: "remove it, or write model: {manifest: net.yaml}; progfed describe writes one")
    }
  }
}
