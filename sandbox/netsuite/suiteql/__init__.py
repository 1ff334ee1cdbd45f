"""SuiteQL, the vendor's SQL dialect: text to syntax to plan to rows."""
