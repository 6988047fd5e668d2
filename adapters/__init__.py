"""Know the providers: what each speaks, told as flows of requests without any input or output."""
