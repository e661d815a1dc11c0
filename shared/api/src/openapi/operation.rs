//! One route in words and schemas.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::problems;
use super::schemas::Schemas;
use crate::edge::Access;
use crate::problem::Kind;
use crate::response::List;

/// What turns a type into a schema once the document is written.
type Schema = Box<dyn Fn(&mut Schemas) -> Value + Send + Sync>;

/// A body of one media type, with an example.
struct Content {
    status: u16,
    about: &'static str,
    media_type: &'static str,
    schema: Option<Schema>,
    example: Value,
}

struct Parameter {
    place: &'static str,
    name: &'static str,
    about: &'static str,
    required: bool,
    schema: Schema,
    example: Option<&'static str>,
}

/// The description of one route.
pub struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    about: &'static str,
    parameters: Vec<Parameter>,
    bodies: Vec<Content>,
    body_required: bool,
    answers: Vec<Content>,
    problems: Vec<Kind>,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Operation {
    /// Returns the description of a route: `route` as in `ROUTES`, the operation's id, the part of the API that it
    /// belongs to, a summary of few words, and what else there is to know.
    pub fn new(
        (method, path): (&'static str, &'static str),
        id: &'static str,
        tag: &'static str,
        summary: &'static str,
        about: &'static str,
    ) -> Operation {
        let (parameters, bodies, answers, problems) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Operation { method, path, id, tag, summary, about, parameters, bodies, body_required: true, answers, problems }
    }

    /// Adds the part of the path that is called `name`.
    #[must_use]
    pub fn path<T: ToSchema>(self, name: &'static str, about: &'static str, example: &'static str) -> Operation {
        self.parameter::<T>("path", name, about, Some(example))
    }

    /// Adds a query parameter that may be left out.
    #[must_use]
    pub fn query<T: ToSchema>(self, name: &'static str, about: &'static str) -> Operation {
        self.parameter::<T>("query", name, about, None)
    }

    /// Adds a query parameter that must be there.
    #[must_use]
    pub fn required_query<T: ToSchema>(
        mut self,
        name: &'static str,
        about: &'static str,
        example: &'static str,
    ) -> Operation {
        self = self.parameter::<T>("query", name, about, Some(example));
        self.parameters.iter_mut().filter(|parameter| parameter.name == name).for_each(|found| found.required = true);
        self
    }

    /// Adds a header that may be left out.
    #[must_use]
    pub fn header<T: ToSchema>(self, name: &'static str, about: &'static str) -> Operation {
        self.parameter::<T>("header", name, about, None)
    }

    /// Adds the parameters of a list: `limit` and `cursor`.
    #[must_use]
    pub fn paged(mut self) -> Operation {
        let number = |_: &mut Schemas| json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 10 });
        let text = |_: &mut Schemas| json!({ "type": "string" });
        let parameters: [(_, _, Schema); 2] = [
            ("limit", "How many things the page holds at most.", Box::new(number)),
            ("cursor", "The next_cursor of the page before.", Box::new(text)),
        ];
        self.parameters.extend(parameters.map(|(name, about, schema)| Parameter {
            place: "query",
            name,
            about,
            required: false,
            schema,
            example: None,
        }));
        self
    }

    fn parameter<T: ToSchema>(
        mut self,
        place: &'static str,
        name: &'static str,
        about: &'static str,
        example: Option<&'static str>,
    ) -> Operation {
        let schema: Schema = Box::new(|schemas| schemas.add::<T>(true));
        self.parameters.push(Parameter { place, name, about, required: place == "path", schema, example });
        self
    }

    /// Adds the JSON that is sent.
    #[must_use]
    pub fn body<T: ToSchema>(self, example: Value) -> Operation {
        self.sent("application/json", Some(Box::new(|schemas| schemas.add::<T>(true))), example)
    }

    /// Adds the JSON that is sent to change something: what is left out stays, and nothing is null.
    #[must_use]
    pub fn change<T: ToSchema>(self, example: Value) -> Operation {
        self.sent("application/json", Some(Box::new(|schemas| schemas.add_change::<T>())), example)
    }

    /// Adds JSON of either type.
    #[must_use]
    pub fn body_of_two<T: ToSchema, U: ToSchema>(self, example: Value) -> Operation {
        let schema: Schema = Box::new(|schemas| json!({ "oneOf": [schemas.add::<T>(true), schemas.add::<U>(true)] }));
        self.sent("application/json", Some(schema), example)
    }

    /// Adds text of another media type that is sent.
    #[must_use]
    pub fn text_body(self, media_type: &'static str, example: &str) -> Operation {
        self.sent(media_type, None, example.into())
    }

    /// Says that the body may be left out.
    #[must_use]
    pub fn optional_body(self) -> Operation {
        Operation { body_required: false, ..self }
    }

    fn sent(mut self, media_type: &'static str, schema: Option<Schema>, example: Value) -> Operation {
        self.bodies.push(Content { status: 0, about: "", media_type, schema, example });
        self
    }

    /// Adds a JSON answer.
    #[must_use]
    pub fn answer<T: ToSchema>(self, status: u16, about: &'static str, example: Value) -> Operation {
        self.answered(status, about, "application/json", Some(Box::new(|schemas| schemas.add::<T>(false))), example)
    }

    /// Adds a JSON answer of either type, or of both.
    #[must_use]
    pub fn answer_of_two<T: ToSchema, U: ToSchema>(
        self,
        status: u16,
        about: &'static str,
        example: Value,
    ) -> Operation {
        let schema: Schema = Box::new(|schemas| json!({ "anyOf": [schemas.add::<T>(false), schemas.add::<U>(false)] }));
        self.answered(status, about, "application/json", Some(schema), example)
    }

    /// Adds a page of a list as the answer.
    #[must_use]
    pub fn list<T: ToSchema>(self, about: &'static str, example: Value) -> Operation {
        let schema: Schema = Box::new(|schemas| {
            let item = schemas.add::<T>(false);
            List::<()>::schema_of(&item)
        });
        self.answered(200, about, "application/json", Some(schema), json!({ "list": [example] }))
    }

    /// Adds a JSON answer that is an object of any shape.
    #[must_use]
    pub fn object_answer(self, status: u16, about: &'static str, example: Value) -> Operation {
        let schema: Schema = Box::new(|_| json!({ "type": "object" }));
        self.answered(status, about, "application/json", Some(schema), example)
    }

    /// Adds an answer of another media type, as text.
    #[must_use]
    pub fn text_answer(self, status: u16, about: &'static str, media_type: &'static str, example: &str) -> Operation {
        self.answered(status, about, media_type, None, example.into())
    }

    /// Adds an answer without a body.
    #[must_use]
    pub fn empty_answer(self, status: u16, about: &'static str) -> Operation {
        self.answered(status, about, "", None, Value::Null)
    }

    fn answered(
        mut self,
        status: u16,
        about: &'static str,
        media_type: &'static str,
        schema: Option<Schema>,
        example: Value,
    ) -> Operation {
        self.answers.push(Content { status, about, media_type, schema, example });
        self
    }

    /// Adds the problems that are this route's own; those that every route has follow from its access and its body.
    #[must_use]
    pub fn problems(mut self, kinds: &[Kind]) -> Operation {
        self.problems.extend(kinds);
        self
    }

    /// Method and path.
    pub(crate) fn route(&self) -> (&'static str, &'static str) {
        (self.method, self.path)
    }

    /// Writes the operation as the document has it.
    pub(crate) fn write(self, access: Access, schemas: &mut Schemas, responses: &mut Map<String, Value>) -> Value {
        let mut kinds = vec![Kind::Unreadable, Kind::TooLarge, Kind::Internal];
        let security = match access {
            Access::Anyone => json!([]),
            Access::Root => json!([{ "root": [] }]),
            Access::Scope(scope) => json!([{ "bearer": [scope] }, { "basic": [scope] }]),
        };
        match access {
            Access::Anyone => kinds.push(Kind::NotFound),
            Access::Root => kinds.extend([Kind::Unauthorized, Kind::Unavailable]),
            Access::Scope(_) => kinds.extend([Kind::Unauthorized, Kind::Forbidden, Kind::Unavailable]),
        }
        if !self.bodies.is_empty() {
            kinds.push(Kind::UnsupportedMediaType);
        }
        kinds.extend(&self.problems);
        let mut written = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.about,
            "security": security,
            "responses": answers(self.answers, schemas),
        });
        for (status, kinds) in by_status(&kinds) {
            written["responses"][status.to_string()] = problems::response(&kinds, responses);
        }
        if access != Access::Anyone {
            written["responses"]["429"] = throttled();
        }
        let parameters: Vec<Value> = self.parameters.into_iter().map(|parameter| parameter.write(schemas)).collect();
        if !parameters.is_empty() {
            written["parameters"] = parameters.into();
        }
        if !self.bodies.is_empty() {
            let bodies = self.bodies.into_iter().map(|body| body.write(schemas));
            let content: Map<String, Value> = bodies.collect();
            written["requestBody"] = json!({ "required": self.body_required, "content": content });
        }
        written
    }
}

impl Parameter {
    fn write(self, schemas: &mut Schemas) -> Value {
        let mut written = json!({
            "in": self.place,
            "name": self.name,
            "description": self.about,
            "required": self.required,
            "schema": (self.schema)(schemas),
        });
        if let Some(example) = self.example {
            written["example"] = example.into();
        }
        written
    }
}

impl Content {
    fn write(self, schemas: &mut Schemas) -> (String, Value) {
        let schema = self.schema.map_or_else(|| json!({ "type": "string" }), |schema| schema(schemas));
        (self.media_type.to_owned(), json!({ "schema": schema, "example": self.example }))
    }
}

fn answers(answers: Vec<Content>, schemas: &mut Schemas) -> Value {
    let mut written = json!({});
    for answer in answers {
        let response = &mut written[answer.status.to_string()];
        response["description"] = answer.about.into();
        if !answer.media_type.is_empty() {
            let (media_type, content) = answer.write(schemas);
            response["content"][media_type] = content;
        }
    }
    written
}

/// The kinds of each status, each once, in the order in which they are declared.
fn by_status(kinds: &[Kind]) -> BTreeMap<u16, Vec<Kind>> {
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in Kind::ALL.iter().filter(|kind| kinds.contains(kind)) {
        by_status.entry(kind.status()).or_default().push(*kind);
    }
    by_status
}

/// What the gateway's throttle answers by itself.
fn throttled() -> Value {
    json!({
        "description": "More requests than the stage's throttle lets through; answered by the gateway.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["message"],
                    "properties": { "message": { "type": "string" } },
                },
                "example": { "message": "Too Many Requests" },
            },
        },
    })
}
