// Command mongodb-exporter exports a server's replies to serverStatus and dbStats as metrics, with the metric names of
// the common MongoDB exporter.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_]`)

func main() {
	settings := options.Client().ApplyURI(os.Getenv("MONGODB_URI")).SetServerSelectionTimeout(3 * time.Second)
	client, err := mongo.Connect(context.Background(), settings)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		if err := collect(r.Context(), client, w); err != nil {
			log.Print(err)
		}
	})
	log.Fatal(http.ListenAndServe(":9216", nil))
}

func collect(ctx context.Context, client *mongo.Client, w io.Writer) error {
	var status bson.M
	if err := client.Database("admin").RunCommand(ctx, bson.D{{Key: "serverStatus", Value: 1}}).Decode(&status); err != nil {
		fmt.Fprintln(w, "mongodb_up 0")
		return err
	}
	fmt.Fprintln(w, "mongodb_up 1")
	flatten(w, "mongodb_ss", "", status)
	names, err := client.ListDatabaseNames(ctx, bson.D{})
	if err != nil {
		return err
	}
	for _, name := range names {
		var stats bson.M
		if err := client.Database(name).RunCommand(ctx, bson.D{{Key: "dbStats", Value: 1}}).Decode(&stats); err != nil {
			return err
		}
		flatten(w, "mongodb_dbstats", fmt.Sprintf("{database=%q}", name), stats)
	}
	return nil
}

func flatten(w io.Writer, prefix, labels string, document bson.M) {
	for key, value := range document {
		name := prefix + "_" + notInNames.ReplaceAllString(key, "_")
		switch value := value.(type) {
		case bson.M:
			flatten(w, name, labels, value)
		case int32, int64, float64:
			fmt.Fprintf(w, "%s%s %v\n", name, labels, value)
		}
	}
}
