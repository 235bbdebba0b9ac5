import Testing
import Tensors
import Foundation
@Test func dumpTensors() throws {
  let t = SafeTensors(tensors: ["a.weight": Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6.5]), "ü\"x": Tensor(shape: [], scalars: [-1])], metadata: ["format": "pt", "s": "{\"a\":\"\n\"}"])
  try Data(t.encoded()).write(to: URL(filePath: "/tmp/h-ledger/x.safetensors"))
}
