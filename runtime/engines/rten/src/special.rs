//! Operators whose types do not follow the table's pattern, and attributes that are wrong together.

use radiant_core::DType;
use radiant_onnx::OnnxError;
use radiant_onnx::pb::{GraphProto, NodeProto};

use crate::LoadError;
use crate::asked;
use crate::gate::{Gate, Scope, names, refused};
use crate::kind::{Int, Kind, Truth};

/// Checks a node of an operator that is not in the table. Returns a kind for each output, or `None`
/// where the operator is no such one.
pub(crate) fn node(
    gate: &mut Gate,
    node: &mut NodeProto,
    scope: &Scope<'_>,
) -> Result<Option<Vec<Kind>>, LoadError> {
    let result = match node.op_type.as_str() {
        "Cast" => cast(node, scope),
        "Constant" => constant(node),
        "ConstantOfShape" => constant_of_shape(node, scope),
        "If" => return choice(gate, node, scope).map(Some),
        "Loop" => return repetition(gate, node, scope).map(Some),
        _ => return Ok(None),
    };
    result.map(|kind| Some(vec![kind])).map_err(|reason| refused(node, reason))
}

/// The kind of an input that must be there.
fn input(node: &NodeProto, at: usize, scope: &Scope<'_>) -> Result<Kind, String> {
    let kind = node.input_name(at).and_then(|name| scope.kind(name));
    kind.ok_or_else(|| format!("it has no input {at}"))
}

fn only_attributes(node: &NodeProto, known: &[&str]) -> Result<(), String> {
    let mut others = node.attribute.iter().filter(|other| !known.contains(&&*other.name));
    match others.next() {
        Some(other) => Err(format!("rten does not read the attribute `{}`", other.name)),
        None => Ok(()),
    }
}

fn cast(node: &NodeProto, scope: &Scope<'_>) -> Result<Kind, String> {
    only_attributes(node, &["to", "saturate", "round_mode"])?;
    let from = input(node, 0, scope)?;
    let to = node.int("to", 0).map_err(|error| error.to_string())?;
    let to = i32::try_from(to).ok().and_then(radiant_onnx::dtype_of);
    let to = to.ok_or("rten does not have the type")?;
    let no = || Err(format!("rten does not turn {from} into {to} as ONNX does"));
    if let Some(reason) = from.untrue()
        && to != DType::I64
    {
        return Err(reason.to_owned());
    }
    Ok(match (from, to) {
        (from, to) if from.dtype() == to => from,
        (Kind::Quotient, DType::I32 | DType::I64) => {
            return Err("rten's quotients can be a little below a whole number".to_owned());
        }
        (Kind::F32, DType::I32) => Kind::I32(Int::ANY),
        (Kind::F32, DType::I64) => Kind::I64(Int { truth: Truth::Saturated, ..Int::ANY }),
        (Kind::F32 | Kind::Quotient, _) | (_, DType::Bool) => return no(),
        (_, DType::F32) => Kind::F32,
        (from, DType::I32) => Kind::I32(whole(from)),
        (_, DType::I8) => Kind::I8,
        (_, DType::U8) => Kind::U8,
        (from, DType::I64) => Kind::I64(whole(from)),
        _ => return no(),
    })
}

/// The numbers of a kind that is of whole ones, or of truth values.
fn whole(kind: Kind) -> Int {
    match kind {
        Kind::I32(int) | Kind::I64(int) => int,
        Kind::Bool => Int::known(1),
        Kind::I8 | Kind::U8 => Int::known(255),
        Kind::F32 | Kind::Quotient => Int::ANY,
    }
}

fn constant(node: &NodeProto) -> Result<Kind, String> {
    let [attribute] = &*node.attribute else {
        return Err("expected one attribute".to_owned());
    };
    let largest = |ints: &[i64]| ints.iter().map(|int| int.unsigned_abs()).max().unwrap_or(0);
    Ok(match attribute.name.as_str() {
        "value" => {
            let value = attribute.t.as_ref().ok_or("it has no value")?;
            let name = radiant_onnx::elem_type_name(value.data_type);
            Kind::of_constant(value).ok_or_else(|| format!("rten does not have type {name}"))?
        }
        "value_float" | "value_floats" => Kind::F32,
        "value_int" => Kind::I64(Int::known(attribute.i.unsigned_abs())),
        "value_ints" => Kind::I64(Int::known(largest(&attribute.ints))),
        other => return Err(format!("rten does not read the attribute `{other}`")),
    })
}

fn constant_of_shape(node: &NodeProto, scope: &Scope<'_>) -> Result<Kind, String> {
    only_attributes(node, &["value"])?;
    if !matches!(input(node, 0, scope)?, Kind::I64(_)) {
        return Err("expected a shape of type INT64".to_owned());
    }
    match node.tensor("value").map_err(|error| error.to_string())? {
        None => Ok(Kind::F32),
        Some(value) => Kind::of_constant(value).ok_or_else(|| {
            format!("rten does not have type {}", radiant_onnx::elem_type_name(value.data_type))
        }),
    }
}

/// The kinds of a nested graph's outputs. They must be values of that graph: rten finds none of a
/// graph around it there.
fn outputs(
    graph: &GraphProto,
    scope: &Scope<'_>,
    node: &NodeProto,
) -> Result<Vec<Kind>, LoadError> {
    let kind = |name: &String| {
        let kind = scope.kinds.get(name).copied();
        kind.ok_or_else(|| refused(node, format!("its graph does not make its output `{name}`")))
    };
    graph.output.iter().map(|output| kind(&output.name)).collect()
}

/// Checks the graph in an attribute, whose inputs are of these kinds, and decided on by a request
/// or not.
fn nested(
    gate: &mut Gate,
    node: &mut NodeProto,
    attribute: &str,
    kinds: &[(Kind, bool)],
    scope: &Scope<'_>,
) -> Result<Vec<Kind>, LoadError> {
    let at = node.attribute.iter().position(|found| found.name == attribute);
    let graph = at.and_then(|at| node.attribute.get_mut(at)).and_then(|found| found.g.take());
    let Some(mut graph) = graph else {
        return Err(refused(node, format!("it has no `{attribute}`")));
    };
    if graph.input.len() != kinds.len() {
        let (expected, got) = (kinds.len(), graph.input.len());
        return Err(refused(node, format!("`{attribute}`: expected {expected} inputs, got {got}")));
    }
    let mut inner = Scope { outer: Some(scope), names: names(&graph), ..Scope::default() };
    for (info, (kind, is_asked)) in graph.input.iter().zip(kinds) {
        inner.kinds.insert(info.name.clone(), *kind);
        if *is_asked {
            inner.asked.insert(info.name.clone());
        }
    }
    let inner = gate.graph(&mut graph, inner)?;
    let outputs = outputs(&graph, &inner, node)?;
    if let Some(found) = at.and_then(|at| node.attribute.get_mut(at)) {
        found.g = Some(graph);
    }
    Ok(outputs)
}

fn choice(
    gate: &mut Gate,
    node: &mut NodeProto,
    scope: &Scope<'_>,
) -> Result<Vec<Kind>, LoadError> {
    only_attributes(node, &["then_branch", "else_branch"]).map_err(|why| refused(node, why))?;
    match input(node, 0, scope) {
        Ok(Kind::Bool) => {}
        Ok(other) => return Err(refused(node, format!("expected BOOL, got {other}"))),
        Err(reason) => return Err(refused(node, reason)),
    }
    let then = nested(gate, node, "then_branch", &[], scope)?;
    let r#else = nested(gate, node, "else_branch", &[], scope)?;
    if then.len() != r#else.len() || then.len() != node.output.len() {
        return Err(refused(node, "its branches have different outputs"));
    }
    let joined = then.iter().zip(&r#else).map(|(then, r#else)| then.join(*r#else));
    let joined: Option<Vec<Kind>> = joined.collect();
    joined.ok_or_else(|| refused(node, "its branches give different types"))
}

/// What a value of this kind may have become after any number of rounds.
fn carried(kind: Kind) -> Result<Kind, &'static str> {
    match kind {
        Kind::F32 => Ok(Kind::Quotient),
        Kind::I32(int) => Ok(Kind::I32(Int { input: int.input, ..Int::ANY })),
        Kind::I64(int) => match kind.untrue() {
            Some(reason) => Err(reason),
            None => Ok(Kind::I64(Int { input: int.input, ..Int::ANY })),
        },
        other => Ok(other),
    }
}

fn repetition(
    gate: &mut Gate,
    node: &mut NodeProto,
    scope: &Scope<'_>,
) -> Result<Vec<Kind>, LoadError> {
    only_attributes(node, &["body"]).map_err(|why| refused(node, why))?;
    let given = |at| node.input_name(at).map(|_| input(node, at, scope)).transpose();
    let rounds = given(0).map_err(|why| refused(node, why))?;
    let condition = given(1).map_err(|why| refused(node, why))?;
    if !matches!(rounds, None | Some(Kind::I64(_))) || !matches!(condition, None | Some(Kind::Bool))
    {
        return Err(refused(node, "expected INT64 rounds and a BOOL condition"));
    }
    if let Some(reason) = asked::endless(node.input_name(0), scope) {
        return Err(refused(node, reason));
    }
    // Of what the rounds carry, the first does not show what becomes of it.
    let is_asked = node.input_name(0).is_some_and(|name| scope.is_asked(name));
    let mut kinds = vec![(Kind::extent(), is_asked), (Kind::Bool, true)];
    for at in 2..node.input.len() {
        let kind = input(node, at, scope).and_then(|kind| carried(kind).map_err(str::to_owned));
        kinds.push((kind.map_err(|why| refused(node, why))?, true));
    }
    let outputs = nested(gate, node, "body", &kinds, scope)?;
    let before = kinds.iter().skip(2).map(|(kind, _)| *kind).collect();
    repeated(node, before, &outputs).map_err(|why| refused(node, why))
}

/// The kinds of a loop's outputs: what it carries, and what it gives in each round.
fn repeated(
    node: &NodeProto,
    mut kinds: Vec<Kind>,
    outputs: &[Kind],
) -> Result<Vec<Kind>, &'static str> {
    let Some((Kind::Bool, outputs)) = outputs.split_first() else {
        return Err("its body does not give a BOOL first");
    };
    if outputs.len() != node.output.len() || outputs.len() < kinds.len() {
        return Err("its body has another number of outputs");
    }
    for (before, after) in kinds.iter().zip(outputs) {
        let same = before.dtype() == after.dtype();
        if let Some(reason) = after.untrue().or((!same).then_some("a value changes its type")) {
            return Err(reason);
        }
    }
    kinds.extend(outputs.get(kinds.len()..).unwrap_or_default());
    // After some rounds, each may hold what came in as another.
    let passed_on = kinds.iter().chain(outputs).find_map(|kind| whole(*kind).input);
    for kind in &mut kinds {
        if let Kind::I32(int) | Kind::I64(int) = kind {
            int.input = passed_on;
        }
    }
    Ok(kinds)
}

/// What rten would compute wrongly in a node of the table: attributes and inputs that are wrong
/// together, or where one is missing.
pub(crate) fn defect(node: &NodeProto, scope: &Scope<'_>, opset: i64) -> Option<String> {
    checked(node, scope, opset).unwrap_or_else(|error| Some(error.to_string()))
}

fn checked(node: &NodeProto, scope: &Scope<'_>, opset: i64) -> Result<Option<String>, OnnxError> {
    let reason = match node.op_type.as_str() {
        "GRU" if node.int("linear_before_reset", 0)? == 0 => {
            Some("rten does not do `linear_before_reset` 0")
        }
        "GRU" | "LSTM" if node.input_name(4).is_some() => {
            Some("rten does not look at the lengths of the sequences")
        }
        "AveragePool" | "MaxPool" | "Conv" | "ConvTranspose"
            if node.string("auto_pad")? == Some("VALID")
                && node.ints("pads")?.iter().any(|pad| *pad != 0) =>
        {
            Some("rten pads though `auto_pad` says not to")
        }
        "AveragePool" | "MaxPool"
            if node.string("auto_pad")? == Some("SAME_UPPER") && is_sparse(node)? =>
        {
            Some("rten starts elsewhere where `auto_pad` meets strides beyond the kernel")
        }
        "Mod" if node.int("fmod", 0)? == 0 && float_input(node, scope) => {
            Some("of FP32 it needs `fmod` 1")
        }
        "Range" if float_input(node, scope) => {
            Some("rten counts FP32 steps otherwise: one more or less")
        }
        "Resize"
            if node.string("mode")? == Some("linear")
                && node.string("coordinate_transformation_mode")? == Some("align_corners") =>
        {
            Some("rten does not do `mode` linear with align_corners as others do")
        }
        "Upsample" if opset > 9 => Some("it ended with operator set 9"),
        _ => None,
    };
    Ok(reason.map(str::to_owned))
}

/// Whether a pool leaves numbers out: its strides are longer than its kernel.
fn is_sparse(node: &NodeProto) -> Result<bool, OnnxError> {
    let (kernel, strides) = (node.ints("kernel_shape")?, node.ints("strides")?);
    Ok(kernel.iter().zip(strides).any(|(kernel, stride)| stride > kernel))
}

fn float_input(node: &NodeProto, scope: &Scope<'_>) -> bool {
    let kind = node.input_name(0).and_then(|name| scope.kind(name));
    kind.is_none_or(|kind| kind.dtype() == DType::F32)
}
